import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { exportJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import type { TokenRejectedCode } from '../../src/tokens/errors.ts'
import { certificateThumbprint } from '../../src/tokens/token-claims.ts'
import { signToken } from '../../src/tokens/token-signer.ts'
import { TOKEN_TYPES } from '../../src/tokens/token-type.ts'
import { MAX_TOKEN_CHARACTERS, type TokenExpectations, verifyToken } from '../../src/tokens/verify-token.ts'
import { after, expecting, ISSUER, issueAt, makeTestKey, NOW, signedAs } from './fixture.ts'

const es256 = makeTestKey('ES256')
const edDsa = makeTestKey('EdDSA')
const rs256 = makeTestKey('RS256')
const stranger = makeTestKey('ES256')
const known = [es256, edDsa, rs256]
const iat = Math.floor(NOW.getTime() / 1000)
const header = { alg: 'ES256', kid: es256.by.kid, typ: 'at+jwt' }
const claims = { iss: ISSUER, sub: 'vision__alice', aud: 'resnet', exp: iat + 900, nbf: iat, iat, jti: 'j-1' }

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const signed = (change: object = {}, headerChange: object = {}) =>
  signedAs(es256.privateKey, { ...header, ...headerChange }, { ...claims, ...change })

function without(name: string): object {
  return Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name))
}

async function expectRejected(
  token: string,
  code: TokenRejectedCode,
  change: Partial<TokenExpectations> = {},
): Promise<void> {
  await expect(verifyToken(token, expecting(known, change))).rejects.toThrow(
    expect.objectContaining({ name: 'TokenRejected', code }),
  )
}

describe('accepted:', () => {
  test.each([
    ['ES256', es256],
    ['EdDSA', edDsa],
    ['RS256', rs256],
  ] as const)('what was issued with %s', async (_, key) => {
    const { token, claims: issued, kid } = await issueAt(NOW, key)
    expect(await verifyToken(token, expecting(known))).toEqual({ kid, typ: 'at+jwt', claims: issued })
  })

  test('the claims of the fixtures below, as they are', async () => {
    expect((await verifyToken(signed(), expecting(known))).claims).toEqual(claims)
  })

  test('a claim of a newer process', async () => {
    expect((await verifyToken(signed({ newer: { sub: 'x' } }), expecting(known))).claims).toEqual(claims)
  })

  test('any audience by the issuer itself', async () => {
    await expect(verifyToken(signed(), expecting(known, { audience: { kind: 'any' } }))).resolves.toBeDefined()
  })
})

describe('refused for its form:', () => {
  const good = signed()
  const [encodedHeader = '', payload = '', signature = ''] = good.split('.')

  test.each<[string, string]>([
    ['nothing', ''],
    ['two parts', `${encodedHeader}.${payload}`],
    ['four parts', `${good}.`],
    ['five parts, an encrypted token', `${good}.AA.AA`],
    ['an empty header', `.${payload}.${signature}`],
    ['white space around it', ` ${good}`],
    ['a line end behind it', `${good}\n`],
    ['padding', `${good}==`],
    ['the other base64 alphabet', good.replace(/[-_]/, '+').concat('+')],
    ['unused bits that are set', withUnusedBits(good)],
    ['a header that is no JSON', `${Buffer.from('{').toString('base64url')}.${payload}.${signature}`],
    ['a header that is a list', `${encode([1])}.${payload}.${signature}`],
    ['a header that is null', `${Buffer.from('null').toString('base64url')}.${payload}.${signature}`],
    ['a header that is no UTF-8', `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${payload}.${signature}`],
    ['a JSON serialization', JSON.stringify({ protected: encodedHeader, payload, signature })],
    ['more than is looked at', 'A'.repeat(MAX_TOKEN_CHARACTERS + 1)],
  ])('%s', async (_, token) => {
    await expectRejected(token, 'token_malformed')
  })

  test.each<[string, object]>([
    ['no kid', { kid: undefined }],
    ['a kid that is a number', { kid: 7 }],
    ['no alg', { alg: undefined }],
    ['no typ', { typ: undefined }],
    ['crit', { crit: ['exp'], exp: 1 }],
    ['crit with b64', { crit: ['b64'], b64: false }],
    ['an empty crit', { crit: [] }],
    ['jku', { jku: 'https://evil.example/jwks.json' }],
    ['x5u', { x5u: 'https://evil.example/cert.pem' }],
    ['x5c', { x5c: ['AAAA'] }],
    ['zip', { zip: 'DEF' }],
    ['cty', { cty: 'JWT' }],
  ])('a header with %s', async (_, change) => {
    await expectRejected(signed({}, change), 'token_malformed')
  })

  test('a header that brings its own key, and is signed with it', async () => {
    const jwk = await exportJWK(stranger.privateKey)
    const own = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }
    await expectRejected(signedAs(stranger.privateKey, { ...header, jwk: own }, claims), 'token_malformed')
  })

  test.each(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'])('claims without %s', async (name) => {
    await expectRejected(signedAs(es256.privateKey, header, without(name)), 'token_malformed')
  })

  test.each<[string, object]>([
    ['an exp that is text', { exp: String(iat + 900) }],
    ['an exp with a fraction', { exp: iat + 0.5 }],
    ['a negative iat', { iat: -1 }],
    ['an exp beyond all numbers', { exp: 1e300 }],
    ['an empty jti', { jti: '' }],
    ['a sub that is a number', { sub: 7 }],
    ['an aud that is null', { aud: null }],
    ['a user that is a list', { user: ['alice'] }],
    ['an empty project', { project: '' }],
    ['a cnf that is text', { cnf: 'x5t' }],
    ['an act that is text', { act: 'launcher.internal' }],
    ['an act without sub', { act: {} }],
    ['an act of nobody', { act: { sub: '' } }],
    ['an act with more than is known', { act: { sub: 'launcher.internal', iss: ISSUER } }],
    ['an act that nests twice', { act: { sub: 'a', act: { sub: 'b', act: { sub: 'c' } } } }],
    ['a may_act that is a list', { may_act: ['launcher.internal'] }],
    ['a may_act with more than is known', { may_act: { sub: 'a', iss: ISSUER } }],
    ['a may_act that nests', { may_act: { sub: 'a', act: { sub: 'b' } } }],
    ['a job that is a number', { job: 7 }],
    ['a cnf that is null', { cnf: null }],
    ['a cnf that is empty', { cnf: {} }],
    ['a cnf of another method', { cnf: { jkt: 'AAAA' } }],
    ['a cnf of two methods', { cnf: { 'x5t#S256': 'AAAA', jkt: 'AAAA' } }],
    ['a cnf without text', { cnf: { 'x5t#S256': 7 } }],
    ['a life over an hour', { exp: iat + 3601 }],
    ['no life', { exp: iat }],
    ['a life that begins after its end', { nbf: iat + 901 }],
  ])('%s', async (_, change) => {
    await expectRejected(signed(change), 'token_malformed')
  })

  test.each(['', '[]', 'null', '"x"', '{', '7'])('a payload that is %j', async (text) => {
    await expectRejected(signedAs(es256.privateKey, header, text), 'token_malformed')
  })

  test('and taken to the last of its bounds: an hour of life, 8,192 characters', async () => {
    await expect(verifyToken(signed({ exp: iat + 3600 }), expecting(known))).resolves.toBeDefined()
    const atBound = 'x'.repeat(MAX_TOKEN_CHARACTERS)
    await expectRejected(atBound, 'token_malformed')
    const long = signed({ padding: 'x'.repeat(5800) })
    expect(long.length).toBeLessThanOrEqual(MAX_TOKEN_CHARACTERS)
    await expect(verifyToken(long, expecting(known))).resolves.toBeDefined()
  })
})

describe('refused for its use:', () => {
  const types = Object.values(TOKEN_TYPES).map(({ typ }) => typ)

  test.each(types.flatMap((sent) => types.filter((typ) => typ !== sent).map((typ) => [sent, typ] as const)))(
    '%s where %s is expected',
    async (sent, typ) => {
      await expectRejected(await signToken(sent, claims, es256.by), 'token_type', { typ })
    },
  )

  test.each(['JWT', 'AT+JWT', 'application/at+jwt', ''])('typ %j', async (typ) => {
    await expectRejected(signed({}, { typ }), 'token_type')
  })
})

describe('refused for its key or signature:', () => {
  test('a kid that nobody publishes', async () => {
    await expectRejected((await issueAt(NOW, stranger)).token, 'token_key_unknown')
  })

  test.each(['__proto__', 'constructor', 'toString', ''])('the kid %j', async (kid) => {
    await expectRejected(signed({}, { kid }), 'token_key_unknown')
  })

  test('a key whose time is over', async () => {
    const { token } = await issueAt(NOW, es256)
    await expectRejected(token, 'token_key_unknown', { keys: new Map() })
  })

  test('another key under our kid', async () => {
    await expectRejected(signedAs(stranger.privateKey, header, claims), 'token_signature')
  })

  test('alg none, in each spelling, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const unsigned = `${encode({ ...header, alg })}.${encode(claims)}.`
      await expectRejected(unsigned, 'token_signature')
      await expectRejected(signed({}, { alg }), 'token_signature')
    }
  })

  test.each(['HS256', 'HS384', 'HS512'])('%s with the public key as the secret', async (alg) => {
    const input = `${encode({ ...header, alg })}.${encode(claims)}`
    const jwk = JSON.stringify(es256.by.publicJwk)
    for (const secret of [es256.by.signer.publicKey, Buffer.from(jwk), Buffer.from(es256.by.kid)]) {
      const mac = createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')
      await expectRejected(`${input}.${mac}`, 'token_signature')
    }
  })

  test.each(['ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519', 'es256', ''])(
    'alg %j under the kid of an ES256 key',
    async (alg) => {
      await expectRejected(signed({}, { alg }), 'token_signature')
    },
  )

  test('ES256 under the kid of an EdDSA key', async () => {
    await expectRejected(signed({}, { kid: edDsa.by.kid }), 'token_signature')
  })

  test('no signature, half of one, one in DER, the zero signature', async () => {
    const [one = '', two = '', three = ''] = signed().split('.')
    const raw = Buffer.from(three, 'base64url')
    const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), bytes])
    const der = Buffer.concat([Buffer.from([0x30, 70]), integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
    for (const signature of [Buffer.alloc(0), raw.subarray(0, 32), der, Buffer.alloc(64), Buffer.alloc(64, 0xff)]) {
      await expectRejected(`${one}.${two}.${signature.toString('base64url')}`, 'token_signature')
    }
  })

  test('another payload under the same signature', async () => {
    const [one = '', , three = ''] = signed().split('.')
    await expectRejected(`${one}.${encode({ ...claims, sub: 'vision__bob' })}.${three}`, 'token_signature')
  })
})

describe('refused for its parties:', () => {
  test.each([`${ISSUER}/`, ISSUER.toUpperCase(), 'https://other.example', ISSUER.replace('https', 'http')])(
    'iss %s',
    async (iss) => {
      await expectRejected(signed({ iss }), 'token_issuer')
    },
  )

  test.each<[string, unknown]>([
    ['another', 'bert'],
    ['another case', 'Resnet'],
    ['a list of one', ['resnet']],
    ['a list of two', ['resnet', 'bert']],
    ['an empty list', []],
  ])('aud: %s', async (_, aud) => {
    await expectRejected(signed({ aud }), 'token_audience')
  })

  test('any aud where the consumer answers to no name', async () => {
    await expectRejected(signed(), 'token_audience', { audience: { kind: 'one-of', names: [] } })
  })
})

describe('its time, with sixty seconds between clocks', () => {
  const at = (seconds: number) => ({ now: after(seconds) })

  test('ends', async () => {
    await expect(verifyToken(signed(), expecting(known, at(959.999)))).resolves.toBeDefined()
    await expectRejected(signed(), 'token_expired', at(960))
  })

  test('begins with nbf', async () => {
    const later = signed({ nbf: iat + 100 })
    await expectRejected(later, 'token_expired', at(39.999))
    await expect(verifyToken(later, expecting(known, at(40)))).resolves.toBeDefined()
  })

  test('begins with iat', async () => {
    const later = signed({ iat: iat + 100 })
    await expectRejected(later, 'token_expired', at(39.999))
    await expect(verifyToken(later, expecting(known, at(40)))).resolves.toBeDefined()
  })
})

describe('revoked:', () => {
  test('by jti', async () => {
    const revoked = (jti: string) => jti === 'j-1'
    await expectRejected(signed(), 'token_revoked', { revoked })
    await expect(verifyToken(signed({ jti: 'j-2' }), expecting(known, { revoked }))).resolves.toBeDefined()
  })

  test("by the subject's epoch, from the second in which it lies", async () => {
    const epochAt = (seconds: number) => ({
      subjectEpoch: (subject: string) => (subject === 'vision__alice' ? after(seconds) : undefined),
    })
    await expect(verifyToken(signed(), expecting(known, epochAt(0)))).resolves.toBeDefined()
    await expectRejected(signed(), 'token_revoked', epochAt(0.001))
    await expectRejected(signed(), 'token_revoked', epochAt(1))
    await expect(verifyToken(signed({ sub: 'vision__bob' }), expecting(known, epochAt(1)))).resolves.toBeDefined()
  })
})

describe('a bound token', () => {
  const der = randomBytes(300)
  const bound = async () => (await issueAt(NOW, es256, { binding: { kind: 'certificate', der } })).token
  const shown = (bytes: Uint8Array) =>
    ({ presentedWith: { kind: 'certificate', thumbprint: certificateThumbprint(bytes) } }) as const

  test('is good with its certificate', async () => {
    await expect(verifyToken(await bound(), expecting(known, shown(der)))).resolves.toBeDefined()
  })

  test('is refused with another, with none, and with an empty thumbprint', async () => {
    await expectRejected(await bound(), 'token_binding', shown(randomBytes(300)))
    await expectRejected(await bound(), 'token_binding', { presentedWith: { kind: 'none' } })
    await expectRejected(await bound(), 'token_binding', { presentedWith: { kind: 'certificate', thumbprint: '' } })
  })

  test('tells its cnf to who asks about a connection that it saw itself', async () => {
    const { claims: told } = await verifyToken(await bound(), expecting(known, { presentedWith: { kind: 'not-seen' } }))
    expect(told.cnf).toEqual({ 'x5t#S256': certificateThumbprint(der) })
  })

  test('that is not bound is good with any certificate', async () => {
    await expect(verifyToken(signed(), expecting(known, shown(der)))).resolves.toBeDefined()
  })
})

describe('changed:', () => {
  test.each([
    ['ES256', es256],
    ['EdDSA', edDsa],
    ['RS256', rs256],
  ] as const)('any bit of the text of a token of %s', async (_, key) => {
    const { token } = await issueAt(NOW, key)
    const bytes = Buffer.from(token)
    const bits = fc.integer({ min: 0, max: bytes.length * 8 - 1 })
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        await expect(verifyToken(changed.toString('latin1'), expecting(known))).rejects.toMatchObject({
          name: 'TokenRejected',
        })
      }),
      { numRuns: 1500 },
    )
  })

  test('every bit of the last characters, where base64 has some to spare', async () => {
    const token = Buffer.from((await issueAt(NOW, es256)).token)
    for (let bit = (token.length - 3) * 8; bit < token.length * 8; bit += 1) {
      const changed = Buffer.from(token)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await expect(verifyToken(changed.toString('latin1'), expecting(known))).rejects.toMatchObject({
        name: 'TokenRejected',
      })
    }
  })

  test('any text at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.json()), async (text) => {
        await expect(verifyToken(`${text}.${text}.${text}`, expecting(known))).rejects.toMatchObject({
          name: 'TokenRejected',
        })
      }),
    )
  })
})

/** The last character of a 64-byte signature carries four bits that say nothing: two texts for the same bytes. */
function withUnusedBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + (alphabet[alphabet.indexOf(token.slice(-1)) + 1] ?? '')
}
