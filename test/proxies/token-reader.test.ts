// What a token of a trusted issuer says of its subject, and for how long its verification is believed.
import { describe, expect, test } from 'vitest'
import { TokenReader } from '../../src/proxies/token-reader.ts'
import { parseKeySet } from '../../src/tokens/key-set.ts'
import { IssuerUnreachable, type OtherSubjects, type TrustedIssuer } from '../../src/tokens/trusted-issuer.ts'
import { POLICY } from '../ca/test-hierarchy.ts'
import { foreignKey, signedBy } from '../support/foreign-issuer.ts'
import { NOW } from '../tokens/fixture.ts'

const first = foreignKey('k')
const second = foreignKey('k')
const iat = Math.floor(NOW.getTime() / 1000)
const CLAIMS = { iss: 'https://issuer.example', aud: 'signet', sub: 'u-1', iat, exp: iat + 600 }
const GROUPED: OtherSubjects = { kind: 'grouped', claim: 'groups', missing: 'refuse' }

/** The issuer's keys as they are at each question. */
function reading(others: OtherSubjects, keys: TrustedIssuer['keys'] = heldKeys([first])) {
  const issuer: TrustedIssuer = {
    name: 'corp',
    kind: 'oidc',
    issuer: CLAIMS.iss,
    audience: 'signet',
    algorithms: ['ES256'],
    typ: 'JWT',
    maxLifetimeSeconds: 3600,
    keys,
    identities: new Map(),
    others,
  }
  return new TokenReader({
    clock: { now: () => NOW, monotonicMilliseconds: () => 0 },
    names: POLICY.names,
    issuer: 'https://signet.example',
    keys: { verificationKeys: () => new Map() },
    maxLifetimeSeconds: 3600,
    trustedIssuers: new Map([[issuer.issuer, issuer]]),
  })
}

function heldKeys(keys: readonly ReturnType<typeof foreignKey>[]): TrustedIssuer['keys'] {
  const held = parseKeySet(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
  return { key: (kid) => Promise.resolve(held.get(kid)) }
}

const tokenOf = (more: object) => signedBy(first, { ...CLAIMS, ...more })
const refusedAs = (reason: string) => ({ verdict: 'refused', method: 'oidc', reason })

describe('whoever is not listed', () => {
  test('is an external user with exactly the groups that the token names, as of its sign-in', async () => {
    const facts = await reading(GROUPED).factsOf(tokenOf({ groups: ['lab1', 'LAB1 '], auth_time: iat - 60 }))
    expect(facts).toMatchObject({
      verdict: 'verified',
      method: 'oidc',
      audience: 'configured',
      subject: { kind: 'external', idp: 'corp', subject: 'u-1', signedInAt: new Date((iat - 60) * 1000) },
    })
    const { subject } = facts as unknown as { subject: { groups: ReadonlySet<string> } }
    expect([...subject.groups]).toEqual(['lab1', 'LAB1 '])
  })

  test('signed in when the token was issued, where it does not say', async () => {
    const facts = await reading(GROUPED).factsOf(tokenOf({ groups: [] }))
    expect(facts).toMatchObject({ subject: { signedInAt: NOW } })
  })

  test.each<[what: string, claims: object]>([
    ['does not say its groups', {}],
    ['says them elsewhere', { groups: ['lab1'], _claim_names: { groups: 'src1' } }],
    ['says that there are more', { groups: ['lab1'], hasgroups: true }],
    ['says one as a text', { groups: 'lab1' }],
    ['says what is no name', { groups: ['lab1', ''] }],
    ['says a control character', { groups: ['lab1\u0000'] }],
    ['signed in at no time', { groups: [], auth_time: 'yesterday' }],
  ])('is refused where the token %s', async (_, claims) => {
    expect(await reading(GROUPED).factsOf(tokenOf(claims))).toMatchObject(refusedAs('TOKEN_MALFORMED'))
  })

  test('has no groups where the entry says that missing means none, and only then', async () => {
    const empty = reading({ ...GROUPED, missing: 'empty' })
    expect(await empty.factsOf(tokenOf({}))).toMatchObject({ subject: { groups: new Set() } })
    expect(await empty.factsOf(tokenOf({ hasgroups: true }))).toMatchObject(refusedAs('TOKEN_MALFORMED'))
  })

  test('is nobody where the entry names no claim', async () => {
    const facts = await reading({ kind: 'nobody' }).factsOf(tokenOf({ groups: ['lab1'] }))
    expect(facts).toMatchObject(refusedAs('TOKEN_ISSUER'))
  })
})

describe('a verification', () => {
  test('is believed while the issuer has the key, and not with another of the same name', async () => {
    let keys = heldKeys([first])
    const reader = reading(GROUPED, { key: (kid) => keys.key(kid) })
    const token = tokenOf({ groups: [] })
    const facts = await reader.factsOf(token)
    expect(facts.verdict).toBe('verified')
    expect(await reader.factsOf(token)).toBe(facts)
    keys = heldKeys([second])
    expect(await reader.factsOf(token)).toMatchObject(refusedAs('TOKEN_SIGNATURE'))
    keys = heldKeys([])
    expect(await reader.factsOf(token)).toMatchObject(refusedAs('TOKEN_KEY_UNKNOWN'))
  })

  test('is none while the keys cannot be had: an error, never an allowance', async () => {
    const unreachable = () => Promise.reject(new IssuerUnreachable('corp', 'down'))
    const reader = reading(GROUPED, { key: unreachable })
    expect(await reader.factsOf(tokenOf({ groups: [] }))).toMatchObject(refusedAs('PDP_UNAVAILABLE'))
  })

  test('is not believed while the keys cannot be had, and is again afterwards', async () => {
    const unreachable = { key: () => Promise.reject(new IssuerUnreachable('corp', 'down')) }
    const held = heldKeys([first])
    let keys: TrustedIssuer['keys'] = held
    const reader = reading(GROUPED, { key: (kid) => keys.key(kid) })
    const token = tokenOf({ groups: [] })
    const facts = await reader.factsOf(token)
    keys = unreachable
    expect(await reader.factsOf(token)).toMatchObject(refusedAs('PDP_UNAVAILABLE'))
    keys = held
    expect(await reader.factsOf(token)).toBe(facts)
  })

  test('outlives the token: whether it is its time is judged each time', async () => {
    const facts = await reading(GROUPED).factsOf(tokenOf({ groups: [], iat: iat - 900, exp: iat - 300 }))
    expect(facts).toMatchObject({ verdict: 'verified', expiresAt: new Date((iat - 300) * 1000) })
  })

  test.each<[what: string, token: string, reason: string]>([
    ['of an issuer that nobody trusts', tokenOf({ iss: 'https://other.example' }), 'TOKEN_ISSUER'],
    ['for another audience', tokenOf({ aud: 'other' }), 'TOKEN_AUDIENCE'],
    ['of another key', signedBy(second, { ...CLAIMS, groups: [] }), 'TOKEN_SIGNATURE'],
    ['that is too long for its issuer', tokenOf({ exp: iat + 7200 }), 'TOKEN_MALFORMED'],
    ['of which somebody acts', tokenOf({ groups: [], act: { sub: 'x' } }), 'TOKEN_MALFORMED'],
    ['that is none', 'a.b.c', 'TOKEN_MALFORMED'],
  ])('of a token %s is refused', async (_, token, reason) => {
    expect(await reading(GROUPED).factsOf(token)).toMatchObject({ verdict: 'refused', reason })
  })
})
