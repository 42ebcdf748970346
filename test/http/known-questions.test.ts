import { describe, expect, test } from 'vitest'
import { KnownQuestions } from '../../src/http/known-questions.ts'

const ABOUT_ONE = { actingUser: 'vision__alice', host: 'chat.internal', path: '/v1/chat', method: 'POST' }

function kept(body: object): { readonly first: unknown; readonly again: unknown } {
  const questions = new KnownQuestions()
  const text = JSON.stringify(body)
  const first = questions.read(text)
  if (first === undefined) throw new Error('no question')
  questions.keep(text, first)
  return { first, again: questions.read(text) }
}

describe('questions that were asked before', () => {
  test('come out as the same object', () => {
    const { first, again } = kept({ ...ABOUT_ONE, credential: { certificate: 'PEM' } })
    expect(again).toBe(first)
  })

  test('are told apart by every character', () => {
    const questions = new KnownQuestions()
    const texts = ['/v1/chat', '/v1/chat ', '/v1/Chat'].map((path) =>
      JSON.stringify({ ...ABOUT_ONE, path, credential: { certificate: 'PEM' } }),
    )
    for (const text of texts) {
      const read = questions.read(text)
      if (read !== undefined) questions.keep(text, read)
    }
    expect(texts.map((text) => questions.read(text)?.path)).toEqual(['/v1/chat', '/v1/chat ', '/v1/Chat'])
  })

  test.each<[string, object]>([
    ['a token', { token: 'a.b.c' }],
    ['a key', { apiKey: 'prefix.secret' }],
    ['a passphrase', { passphrase: 'open sesame' }],
    ['a secret beside a certificate', { certificate: 'PEM', passphrase: 'open sesame' }],
    ['more than a certificate is long', { certificate: 'x'.repeat(4096) }],
  ])('are not kept with %s', (_, credential) => {
    const { first, again } = kept({ ...ABOUT_ONE, credential })
    expect(again).toEqual(first)
    expect(again).not.toBe(first)
  })

  test.each<[string, object]>([
    ['about oneself', ABOUT_ONE],
    ['that want to be explained', { ...ABOUT_ONE, credential: { certificate: 'PEM' }, explain: true }],
    ['with a field that nobody knows', { ...ABOUT_ONE, credential: { certificate: 'PEM' }, admin: true }],
    ['without a host', { actingUser: 'vision__alice', credential: { certificate: 'PEM' } }],
  ])('are none of those %s', (_, body) => {
    expect(new KnownQuestions().read(JSON.stringify(body))).toBeUndefined()
  })

  test('no JSON is none', () => {
    expect(() => new KnownQuestions().read('{')).toThrow(SyntaxError)
  })
})
