import { createHash, generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { systemRandom } from '../../src/domain/clock.ts'
import type { KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import type { Signer } from '../../src/domain/signer.ts'
import { parseTokenAudience } from '../../src/tokens/token-claims.ts'
import { jwks } from '../../src/tokens/token-key.ts'
import { issueToken, makeTokenSigner } from '../../src/tokens/token-signer.ts'
import { after, clockAt, ISSUER, issueAt, makeTestKey, NOW, POLICY, requestOf, SERVICE } from './fixture.ts'

const es256 = makeTestKey('ES256')
const edDsa = makeTestKey('EdDSA')
const rs256 = makeTestKey('RS256')
const code = (text: string) => expect.objectContaining({ code: text }) as unknown
const seconds = Math.floor(NOW.getTime() / 1000)

describe('an issued token', () => {
  test.each([
    ['ES256', es256],
    ['EdDSA', edDsa],
    ['RS256', rs256],
  ] as const)('of %s is verified by jose with nothing but the key set', async (alg, key) => {
    const { token, kid } = await issueAt(NOW, key)
    const set = createLocalJWKSet({
      keys: jwks([es256.tokenKey, edDsa.tokenKey, rs256.tokenKey], NOW).keys.map((jwk) => ({ ...jwk })),
    })
    const { payload, protectedHeader } = await jwtVerify(token, set, {
      issuer: ISSUER,
      audience: 'resnet',
      typ: 'at+jwt',
      currentDate: NOW,
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
    })
    expect(protectedHeader).toEqual({ alg, kid, typ: 'at+jwt' })
    expect(payload).toEqual({
      iss: ISSUER,
      sub: 'vision__alice',
      aud: 'resnet',
      exp: seconds + 900,
      nbf: seconds,
      iat: seconds,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/) as string,
      project: 'vision',
      user: 'alice',
    })
  })

  test.each([es256, edDsa, rs256])('names its key by its RFC 7638 thumbprint', async ({ by }) => {
    expect(by.kid).toBe(await calculateJwkThumbprint({ ...by.publicJwk }))
  })

  test('of a service has no project and no user', async () => {
    const { claims } = await issueAt(NOW, es256, { subject: SERVICE })
    expect(claims).toMatchObject({ sub: 'batch.internal' })
    expect(Object.keys(claims)).toEqual(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'])
  })

  test('is bound to a certificate when that is asked for (RFC 8705 §3.1)', async () => {
    const der = Buffer.from('3003020101', 'hex')
    const { claims } = await issueAt(NOW, es256, { binding: { kind: 'certificate', der } })
    expect(claims.cnf).toEqual({ 'x5t#S256': createHash('sha256').update(der).digest('base64url') })
  })

  test('has a jti of its own', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => issueAt(NOW, edDsa)))
    expect(new Set(made.map(({ claims }) => claims.jti)).size).toBe(50)
  })

  test('has its header written by us alone', async () => {
    const { token } = await issueAt(NOW, es256)
    expect(Object.keys(decodeProtectedHeader(token))).toEqual(['alg', 'kid', 'typ'])
  })
})

describe('its life', () => {
  const asked = (askedSeconds: number) => ({ kind: 'asked', seconds: askedSeconds }) as const
  const lifeOf = async (change: Parameters<typeof requestOf>[0], at = NOW) => {
    const { claims } = await issueAt(at, es256, change)
    return claims.exp - claims.iat
  }

  test.each([1, 900, 3599, 3600])('is what was asked for, to an hour: %i s', async (askedFor) => {
    expect(await lifeOf({ lifetime: asked(askedFor) })).toBe(askedFor)
  })

  test.each([3601, 86_400, Number.MAX_SAFE_INTEGER])('is refused beyond, not trimmed: %i s', async (askedFor) => {
    await expect(lifeOf({ lifetime: asked(askedFor) })).rejects.toThrow(
      expect.objectContaining({
        code: 'token_lifetime_too_long',
        facts: { requestedSeconds: askedFor, allowedSeconds: 3600 },
      }),
    )
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('is whole seconds, not %d', async (askedFor) => {
    await expect(lifeOf({ lifetime: asked(askedFor) })).rejects.toThrow(code('token_lifetime_malformed'))
  })

  test('ends with the certificate at the latest', async () => {
    expect(await lifeOf({ lifetime: asked(1000), notAfterLimit: after(1000) })).toBe(1000)
    await expect(lifeOf({ lifetime: asked(1001), notAfterLimit: after(1000) })).rejects.toThrow(
      expect.objectContaining({
        code: 'token_lifetime_too_long',
        facts: { requestedSeconds: 1001, allowedSeconds: 1000 },
      }),
    )
  })

  test('by default is a quarter of an hour, or what is left of the certificate', async () => {
    expect(await lifeOf({ notAfterLimit: after(901) })).toBe(900)
    expect(await lifeOf({ notAfterLimit: after(900) })).toBe(900)
    expect(await lifeOf({ notAfterLimit: after(899) })).toBe(899)
    expect(await lifeOf({ notAfterLimit: after(1) })).toBe(1)
  })

  test('is none when nothing is left', async () => {
    for (const left of [0.9, 0, -1, -86_400]) {
      await expect(lifeOf({ notAfterLimit: after(left) }), `${left} s`).rejects.toThrow(code('token_lifetime_too_long'))
    }
  })

  test('is counted in whole seconds, rounded down', async () => {
    const { claims } = await issueAt(after(0.999), es256)
    expect([claims.iat, claims.nbf, claims.exp]).toEqual([seconds, seconds, seconds + 900])
  })
})

describe('refused:', () => {
  test.each(['', 'other', 'resnet ', 'RESNET'])('the audience %j, which nobody registered', (audience) => {
    expect(() => parseTokenAudience(audience, (name) => name === 'resnet')).toThrow(code('token_audience_unknown'))
  })

  test('an empty audience, even where somebody registered it', () => {
    expect(() => parseTokenAudience('', () => true)).toThrow(code('token_audience_unknown'))
  })

  test.each<[string, KeyAlgorithmName, () => Buffer]>([
    [
      'P-384',
      'ec-p384',
      () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'der' }),
    ],
    [
      'RSA',
      'rsa-2048',
      () => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' }),
    ],
    ['ML-DSA', 'ml-dsa-44', () => generateKeyPairSync('ml-dsa-44').publicKey.export({ type: 'spki', format: 'der' })],
  ])('a signing key of %s', (_, algorithm, publicKey) => {
    const signer: Signer<'jwt'> = {
      purpose: 'jwt',
      algorithm,
      publicKey: publicKey(),
      sign: () => Promise.reject(new Error('never asked')),
    }
    expect(() => makeTokenSigner(signer)).toThrow(code('token_algorithm_unsupported'))
  })

  test('a name that is not known to be registered, by the compiler', async () => {
    // @ts-expect-error A string is no TokenAudience.
    const request = requestOf({ audience: 'anything' })
    await expect(issueToken(request, es256.by, POLICY, clockAt(NOW), systemRandom)).resolves.toBeDefined()
  })
})
