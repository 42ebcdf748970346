// Tokens of trusted issuers: every refusal, next to what is accepted.
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseKeySet } from '../../src/tokens/key-set.ts'
import { kubernetesSubject, type TrustedIssuer } from '../../src/tokens/trusted-issuer.ts'
import { claimedIssuer, mappedIdentity, verifyForeignToken } from '../../src/tokens/verify-foreign-token.ts'
import { foreignKey, type ForeignKeyPair, signedBy } from '../support/foreign-issuer.ts'
import { after, NOW } from './fixture.ts'

const rsa = foreignKey('rsa', 'RS256')
const ec = foreignKey('ec')
const stranger = foreignKey('ec')
const keys = parseKeySet(JSON.stringify({ keys: [rsa.jwk, ec.jwk] }))
const iat = Math.floor(NOW.getTime() / 1000)

const SUB = kubernetesSubject('ml', 'trainer')
const ISSUER: TrustedIssuer = {
  name: 'ci',
  kind: 'oidc',
  issuer: 'https://issuer.example',
  audience: 'signet',
  algorithms: ['RS256', 'ES256'],
  typ: 'JWT',
  maxLifetimeSeconds: 3600,
  keys: { key: (kid) => Promise.resolve(keys.get(kid)) },
  identities: new Map(),
  others: { kind: 'nobody' },
}
const CLUSTER: TrustedIssuer = { ...ISSUER, name: 'cluster', kind: 'kubernetes' }
const pod = {
  namespace: 'ml',
  serviceaccount: { name: 'trainer', uid: 'u-1' },
  pod: { name: 'trainer-0', uid: 'u-2' },
}
const claims = { iss: ISSUER.issuer, sub: SUB, aud: 'signet', exp: iat + 600, iat, nbf: iat, 'kubernetes.io': pod }

const tokenOf = (change: object = {}, header: object = {}, key: ForeignKeyPair = rsa) =>
  signedBy(key, { ...claims, ...change }, header)
const verify = (token: string, issuer = ISSUER, now = NOW) => verifyForeignToken(token, issuer, now)
const rejected = (code: string) => ({ name: 'TokenRejected', code })

describe('accepted:', () => {
  test.each<[string, string]>([
    ['RS256', tokenOf()],
    ['ES256', tokenOf({}, {}, ec)],
    ['an audience in a list of one, as Kubernetes writes it', tokenOf({ aud: ['signet'] })],
    ['typ JWT in any letter case', tokenOf({}, { typ: 'jwt' })],
    ['a thumbprint beside the kid', tokenOf({}, { x5t: 'AAAA' })],
    ['no nbf', tokenOf({ nbf: undefined })],
    ['fractions of a second', tokenOf({ iat: iat + 0.5 })],
  ])('%s', async (_, token) => {
    expect((await verify(token)).sub).toBe(SUB)
  })

  test('A4 a pod of a cluster', async () => {
    expect((await verify(tokenOf({ aud: ['signet'] }), CLUSTER)).expiresAt).toEqual(after(600))
  })
})

describe('refused:', () => {
  const [header = '', payload = '', signature = ''] = tokenOf().split('.')
  const hmac = (alg: string): string => {
    const part = Buffer.from(JSON.stringify({ alg, kid: 'rsa' })).toString('base64url')
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })
    return `${part}.${payload}.${createHmac('sha256', pem).update(`${part}.${payload}`).digest('base64url')}`
  }

  test.each<[string, string, string]>([
    ['nothing', '', 'token_malformed'],
    ['two parts', `${header}.${payload}`, 'token_malformed'],
    ['more than is looked at', `${header}.${'A'.repeat(8200)}.${signature}`, 'token_malformed'],
    ['a list as header', `${Buffer.from('[]').toString('base64url')}.${payload}.${signature}`, 'token_malformed'],
    ['alg none', tokenOf({}, { alg: 'none' }), 'token_signature'],
    ['HS256 with a key of ours', hmac('HS256'), 'token_signature'],
    ['an algorithm that the key cannot do', tokenOf({}, { alg: 'ES256' }), 'token_signature'],
    ['an algorithm that the key set does not name', tokenOf({}, { alg: 'PS256' }), 'token_signature'],
    ['another key', tokenOf({}, {}, stranger), 'token_signature'],
    ['another payload', `${header}.${tokenOf({ sub: 'x' }).split('.')[1] ?? ''}.${signature}`, 'token_signature'],
    ['no kid', tokenOf({}, { kid: undefined }), 'token_key_unknown'],
    ['an unknown kid', tokenOf({}, { kid: 'other' }), 'token_key_unknown'],
    ['a key of its own', tokenOf({}, { jwk: rsa.jwk }), 'token_malformed'],
    ['a key set of its own', tokenOf({}, { jku: 'https://evil.example' }), 'token_malformed'],
    ['a certificate of its own', tokenOf({}, { x5c: ['AAAA'] }), 'token_malformed'],
    ['a critical extension', tokenOf({}, { crit: ['b64'], b64: false }), 'token_malformed'],
    ['typ at+jwt, an access token', tokenOf({}, { typ: 'at+jwt' }), 'token_type'],
    ['typ session+jwt', tokenOf({}, { typ: 'session+jwt' }), 'token_type'],
    ['typ logout+jwt', tokenOf({}, { typ: 'logout+jwt' }), 'token_type'],
    ['another issuer', tokenOf({ iss: 'https://issuer.example/' }), 'token_issuer'],
    ['A14 no audience', tokenOf({ aud: undefined }), 'token_audience'],
    ['A14 another audience', tokenOf({ aud: 'other' }), 'token_audience'],
    ['an audience too many', tokenOf({ aud: ['signet', 'https://kubernetes.default.svc'] }), 'token_audience'],
    ['an empty list', tokenOf({ aud: [] }), 'token_audience'],
    ['no end', tokenOf({ exp: undefined }), 'token_malformed'],
    ['no beginning', tokenOf({ iat: undefined }), 'token_malformed'],
    ['an end in words', tokenOf({ exp: 'tomorrow' }), 'token_malformed'],
    ['a life over an hour', tokenOf({ exp: iat + 3601 }), 'token_malformed'],
    ['an end before its beginning', tokenOf({ exp: iat }), 'token_malformed'],
    ['no subject', tokenOf({ sub: undefined }), 'token_malformed'],
    ['a binding that is not understood', tokenOf({ cnf: { jkt: 'AAAA' } }), 'token_malformed'],
  ])('%s', async (_, token, code) => {
    await expect(verify(token)).rejects.toMatchObject(rejected(code))
  })

  test.each<[string, object]>([
    ['no pod claims, a token of a secret', { 'kubernetes.io': undefined }],
    ['no pod', { 'kubernetes.io': { ...pod, pod: undefined } }],
    ['a pod without uid', { 'kubernetes.io': { ...pod, pod: { name: 'trainer-0' } } }],
    ['no service account', { 'kubernetes.io': { ...pod, serviceaccount: undefined } }],
    ['another namespace than its subject', { 'kubernetes.io': { ...pod, namespace: 'other' } }],
    ['another name than its subject', { 'kubernetes.io': { ...pod, serviceaccount: { name: 'x', uid: 'u' } } }],
    ['a subject that is no service account', { sub: 'trainer' }],
  ])('rule 23: of Kubernetes %s', async (_, change) => {
    await expect(verify(tokenOf(change), CLUSTER)).rejects.toMatchObject(rejected('token_malformed'))
  })

  test('rule 20: by the issuer of access tokens, one for sign-in', async () => {
    const issuer = { ...ISSUER, typ: 'at+jwt' } as const
    await expect(verify(tokenOf(), issuer)).rejects.toMatchObject(rejected('token_type'))
    expect((await verify(tokenOf({}, { typ: 'application/at+jwt' }), issuer)).sub).toBe(SUB)
  })
})

describe('its time, with a minute for clocks that differ', () => {
  test.each<[string, number, boolean]>([
    ['the last second', 659, true],
    ['the one after', 660, false],
    ['a minute early', -60, true],
    ['earlier', -61, false],
  ])('%s', async (_, offset, isGood) => {
    const verifying = verify(tokenOf(), ISSUER, after(offset))
    if (isGood) await expect(verifying).resolves.toMatchObject({ sub: SUB })
    else await expect(verifying).rejects.toMatchObject(rejected('token_expired'))
  })
})

describe('who it is', () => {
  const identity = { project: 'vision', who: { kind: 'account', name: 'sa-ci' }, claims: new Map([['ref', 'main']]) }
  const issuer = { ...ISSUER, identities: new Map([[SUB, identity]]) } as unknown as TrustedIssuer

  test('is exact in the subject and in every claim that is named', async () => {
    expect(mappedIdentity(await verify(tokenOf({ ref: 'main' }), issuer))).toBe(identity)
  })

  test.each<[string, object]>([
    ['another subject', { sub: `${SUB}2`, ref: 'main' }],
    ['another letter case', { sub: SUB.toUpperCase(), ref: 'main' }],
    ['another claim', { ref: 'Main' }],
    ['a claim in a list', { ref: ['main'] }],
    ['no such claim', {}],
  ])('is nobody with %s', async (_, change) => {
    const token = await verify(tokenOf(change), issuer)
    expect(() => mappedIdentity(token)).toThrow(expect.objectContaining({ code: 'subject_unmapped' }))
  })

  test('is asked of the issuer that the token names, before it is believed', () => {
    expect(claimedIssuer(tokenOf())).toBe(ISSUER.issuer)
    expect(claimedIssuer(tokenOf({ iss: 7 }))).toBeUndefined()
  })
})

describe('a key set', () => {
  const kids = (set: readonly object[]) => [...parseKeySet(JSON.stringify({ keys: set })).keys()]

  test('gives the keys that verify, and leaves the others alone', () => {
    const weak = { kty: 'RSA', n: Buffer.alloc(128, 0xff).toString('base64url'), e: 'AQAB', kid: 'weak' }
    const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 'secret', alg: 'HS256' }
    expect(kids([rsa.jwk, secret, weak, { kid: 'odd', kty: 'EC' }, { ...ec.jwk, use: 'enc' }, {}])).toEqual(['rsa'])
  })

  test('that names a kid twice names no key', () => {
    expect(kids([ec.jwk, { ...stranger.jwk }, rsa.jwk])).toEqual(['rsa'])
  })

  const changed = (n: bigint): string => Buffer.from(n.toString(16).padStart(512, '0'), 'hex').toString('base64url')
  // A power of 65537 modulo every small prime, as its makers' fault has it.
  const PRIMES = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
  ]
  const MORE = [107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167]
  const product = [...PRIMES, ...MORE].reduce((all, prime) => all * BigInt(prime), 1n)
  const rocaModulus = product * ((1n << 2047n) / product + 1n) + (65537n ** 17n % product)

  test.each<[string, object]>([
    ['for encryption, by its use', { ...ec.jwk, use: 'enc' }],
    ['for encryption, by its operations', { ...ec.jwk, key_ops: ['deriveKey'] }],
    ['for signing alone', { ...ec.jwk, use: undefined, key_ops: ['sign'] }],
    ['whose operations are no list', { ...ec.jwk, key_ops: 'verify' }],
    ['with exponent 1', { ...rsa.jwk, e: 'AQ' }],
    ['with an even exponent', { ...rsa.jwk, e: 'AQAA' }],
    ['with an exponent over 2^32', { ...rsa.jwk, e: 'AQAAAAE' }],
    ['whose factors can be found (ROCA)', { ...rsa.jwk, n: changed(rocaModulus) }],
  ])('leaves a key %s alone', (_, jwk) => {
    expect(kids([jwk])).toEqual([])
  })

  test('takes a key that may verify, among others', () => {
    expect(
      kids([
        { ...ec.jwk, key_ops: ['verify'] },
        { ...rsa.jwk, n: changed(rocaModulus + 2n) },
      ]),
    ).toHaveLength(2)
  })

  test.each(['', '[]', '{}', '{"keys":{}}', `{"keys":[${'{},'.repeat(50)}{}]}`])('is none: %s', (text) => {
    expect(() => parseKeySet(text)).toThrow()
  })
})
