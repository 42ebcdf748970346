// A14: the keys of a trusted issuer over TLS: kept, asked for again for an unknown kid within a limit, and an error when they
// cannot be had, never an allow.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  FAILURE_KEPT_SECONDS,
  FetchedIssuerKeys,
  KEYS_KEPT_SECONDS,
  type KeyPlace,
  MAX_KEY_SET_BYTES,
  UNKNOWN_KID_SECONDS,
} from '../../src/federation/issuer-keys.ts'
import { makeAuthority } from '../cli/test-ca.ts'
import { ForeignIssuer, foreignKey, type IssuerAnswer } from '../support/foreign-issuer.ts'

const first = foreignKey('first')
const second = foreignKey('second')
let issuer: ForeignIssuer
let seconds = 0
const clock = { now: () => new Date(), monotonicMilliseconds: () => seconds * 1000 }

beforeEach(async () => {
  issuer = await ForeignIssuer.start(first)
})
afterEach(() => issuer.close())

function keysOf(place: KeyPlace = { kind: 'url', url: `${issuer.url}/jwks` }, change: { ca?: string } = {}) {
  const { ca = issuer.ca } = change
  return new FetchedIssuerKeys({ name: 'ci', issuer: issuer.url, place, ca, bearerFile: undefined, clock })
}
const unreachable = (why: unknown = expect.any(String)) => ({
  code: 'issuer_unreachable',
  facts: { issuer: 'ci', why },
})
const say =
  (status: number, body: string, headers: Record<string, string> = {}): IssuerAnswer =>
  (_, response) =>
    void response.writeHead(status, headers).end(body)

describe('keys are', () => {
  test('fetched once, however many ask, and kept', async () => {
    const keys = keysOf()
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.key('first')))
    expect(found.every((each) => each?.algorithms.includes('ES256'))).toBe(true)
    seconds += KEYS_KEPT_SECONDS - 1
    await keys.key('first')
    expect(issuer.asked).toBe(1)
  })

  test('found by the metadata of the issuer', async () => {
    expect(await keysOf({ kind: 'discovery' }).key('first')).toBeDefined()
    expect(issuer.asked).toBe(2)
  })

  test('gone when the issuer has taken them back, after ten minutes at most', async () => {
    const keys = keysOf()
    await keys.key('first')
    issuer.keys = [second]
    seconds += KEYS_KEPT_SECONDS
    expect(await keys.key('first')).toBeUndefined()
  })

  test('A14 asked for again for an unknown kid, at most twice a minute', async () => {
    const keys = keysOf()
    await keys.key('first')
    issuer.keys = [first, second]
    seconds += UNKNOWN_KID_SECONDS - 1
    expect(await keys.key('second')).toBeUndefined()
    seconds += 1
    expect(await keys.key('second')).toBeDefined()
    const flood = Array.from({ length: 200 }, (_, i) => keys.key(`unknown-${String(i)}`))
    expect((await Promise.all(flood)).every((each) => each === undefined)).toBe(true)
    expect(issuer.asked).toBe(2)
  })
})

describe('A14 an error, never an allow:', () => {
  test.each<[string, IssuerAnswer, string]>([
    ['a redirect', say(302, '', { location: 'https://localhost:1/jwks' }), 'status_302'],
    ['not found', say(404, '{}'), 'status_404'],
    ['a failure', say(500, '{}'), 'status_500'],
    ['no JSON', say(200, '<html>'), 'key_set_unreadable'],
    ['no key set', say(200, '{"issuer":"x"}'), 'key_set_unreadable'],
    ['more than is read', say(200, ' '.repeat(MAX_KEY_SET_BYTES + 1)), 'too_large'],
    ['a connection that breaks', (request) => void request.socket.destroy(), 'econnreset'],
  ])('%s', async (_, answer, why) => {
    issuer.answer = answer
    await expect(keysOf().key('first')).rejects.toMatchObject(unreachable(why))
  })

  test('a server under another CA', async () => {
    const { pem } = await makeAuthority('Other CA', undefined)
    await expect(keysOf(undefined, { ca: pem }).key('first')).rejects.toMatchObject(unreachable())
    expect(issuer.asked).toBe(0)
  })

  test('plain HTTP', async () => {
    const place = { kind: 'url', url: issuer.url.replace('https:', 'http:') } as const
    await expect(keysOf(place).key('first')).rejects.toMatchObject(unreachable('not_https'))
  })

  test.each<[string, object, string]>([
    ['of another issuer', { issuer: 'https://other.example', jwks_uri: 'https://localhost:1' }, 'issuer_differs'],
    ['without a place', {}, 'issuer_differs'],
  ])('metadata %s', async (_, document, why) => {
    issuer.answer = say(200, JSON.stringify(document))
    await expect(keysOf({ kind: 'discovery' }).key('first')).rejects.toMatchObject(unreachable(why))
  })

  test('metadata that leads away from HTTPS', async () => {
    issuer.answer = say(200, JSON.stringify({ issuer: issuer.url, jwks_uri: 'http://localhost:1/jwks' }))
    await expect(keysOf({ kind: 'discovery' }).key('first')).rejects.toMatchObject(unreachable('not_https'))
  })

  test('keys that are old, when no new ones can be had', async () => {
    const keys = keysOf()
    await keys.key('first')
    issuer.answer = say(503, '')
    seconds += KEYS_KEPT_SECONDS
    await expect(keys.key('first')).rejects.toMatchObject(unreachable('status_503'))
  })

  test('and the issuer is left in peace for a moment after a failure', async () => {
    const keys = keysOf()
    issuer.answer = say(503, '')
    for (let i = 0; i < 20; i += 1) await expect(keys.key('first')).rejects.toMatchObject(unreachable())
    expect(issuer.asked).toBe(1)
    issuer.answer = undefined
    seconds += FAILURE_KEPT_SECONDS
    expect(await keys.key('first')).toBeDefined()
  })
})
