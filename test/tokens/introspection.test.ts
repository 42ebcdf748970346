import { describe, expect, test } from 'vitest'
import { TokenRejected } from '../../src/tokens/errors.ts'
import { introspect } from '../../src/tokens/introspection.ts'
import { verifyToken } from '../../src/tokens/verify-token.ts'
import { expecting, issueAt, makeTestKey, NOW } from './fixture.ts'

const key = makeTestKey('ES256')
const presentedWith = { kind: 'not-seen' } as const

describe('introspection', () => {
  test('tells the claims of a good token, its binding among them', async () => {
    const binding = { kind: 'certificate', der: Uint8Array.of(1) } as const
    const { token, claims } = await issueAt(NOW, key, { binding })
    const answer = await introspect(verifyToken(token, expecting([key], { presentedWith })))
    expect(answer).toEqual({ active: true, token_type: 'Bearer', ...claims })
    expect(answer).toHaveProperty('cnf')
  })

  test.each([
    'token_malformed',
    'token_type',
    'token_signature',
    'token_issuer',
    'token_audience',
    'token_expired',
    'token_key_unknown',
    'token_revoked',
    'token_binding',
  ] as const)('says of %s that it is not active, and nothing else', async (code) => {
    const answer = await introspect(Promise.reject(new TokenRejected(code, { claim: 'exp' })))
    expect(JSON.stringify(answer)).toBe('{"active":false}')
  })

  test('does not take a failure of ours for an inactive token', async () => {
    await expect(introspect(Promise.reject(new Error('no snapshot')))).rejects.toThrow('no snapshot')
  })
})
