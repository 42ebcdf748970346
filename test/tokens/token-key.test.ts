import { describe, expect, test } from 'vitest'
import {
  jwks,
  keyToSign,
  nextKeyDue,
  parseTokenKeyRecord,
  planTokenKey,
  publishedKeys,
  type TokenKey,
  tokenKeyRecord,
  withdrawTokenKey,
} from '../../src/tokens/token-key.ts'
import { verificationKeys } from '../../src/tokens/verify-token.ts'
import { after, makeTestKey, NOW, POLICY } from './fixture.ts'

const STOOD = POLICY.jwksMaxAgeSeconds + POLICY.keyOverlapSeconds
const SIGNS = POLICY.keySignsSeconds
const code = (text: string) => expect.objectContaining({ code: text }) as unknown

const made = (['ES256', 'ES256', 'ES256', 'EdDSA'] as const).map((algorithm) => makeTestKey(algorithm).by)
const [m0, m1, m2, mEd] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0], (typeof made)[0]]
const plan = (by: typeof m0, keys: readonly TokenKey[], at: Date) => planTokenKey(by, keys, at, POLICY)
const kids = (keys: readonly TokenKey[]) => keys.map(({ kid }) => kid)

const first = plan(m0, [], NOW)
const second = plan(m1, [first], after(SIGNS / 2))
const both = [first, second]

describe('a first key', () => {
  test('signs at once: no cache can hold an older key set', () => {
    expect(keyToSign([first], 'ES256', NOW).kid).toBe(first.kid)
    expect(() => keyToSign([first], 'ES256', after(-0.001))).toThrow(code('token_key_none'))
  })

  test('signs for its period, and is published until its last token has expired and five minutes more', () => {
    expect(first.signsUntil).toEqual(after(SIGNS))
    expect(first.publishedUntil).toEqual(after(SIGNS + POLICY.maxSeconds + 300))
    expect(keyToSign([first], 'ES256', after(SIGNS - 0.001)).kid).toBe(first.kid)
    expect(() => keyToSign([first], 'ES256', after(SIGNS))).toThrow(code('token_key_none'))
    expect(publishedKeys([first], after(SIGNS + 3899.999))).toHaveLength(1)
    expect(publishedKeys([first], after(SIGNS + 3900))).toEqual([])
  })
})

describe('the next key', () => {
  test('is due when half of the time is over', () => {
    expect(nextKeyDue([first], 'ES256', NOW, POLICY)).toEqual(after(SIGNS / 2))
    expect(nextKeyDue(both, 'ES256', after(SIGNS / 2), POLICY)).toEqual(after(SIGNS * 1.5))
  })

  test('is published before it signs, and takes over without a gap', () => {
    expect(kids(publishedKeys(both, after(SIGNS / 2)))).toEqual([first.kid, second.kid])
    expect(keyToSign(both, 'ES256', after(SIGNS - 0.001)).kid).toBe(first.kid)
    expect(keyToSign(both, 'ES256', after(SIGNS)).kid).toBe(second.kid)
  })

  test('that is made late stands for the max-age and five minutes before it signs', () => {
    const at = after(SIGNS - STOOD + 1)
    const late = plan(m1, [first], at)
    expect(late.signsFrom).toEqual(after(STOOD, at))
    expect(kids(publishedKeys([first, late], at))).toContain(late.kid)
    expect(() => keyToSign([first, late], 'ES256', after(SIGNS))).toThrow(code('token_key_none'))
    expect(keyToSign([first, late], 'ES256', after(SIGNS + 1)).kid).toBe(late.kid)
  })

  test('that is made just in time takes over exactly', () => {
    expect(plan(m1, [first], after(SIGNS - STOOD)).signsFrom).toEqual(after(SIGNS))
  })

  test('after a standstill signs at once', () => {
    const at = after(SIGNS)
    expect(nextKeyDue([first], 'ES256', at, POLICY)).toEqual(at)
    expect(plan(m1, [first], at).signsFrom).toEqual(at)
  })

  test('is due at once when there is none', () => {
    expect(nextKeyDue([], 'ES256', NOW, POLICY)).toEqual(NOW)
    expect(nextKeyDue([first], 'EdDSA', NOW, POLICY)).toEqual(NOW)
  })

  test('leaves room for it to stand, however short the period', () => {
    const hurried = { ...POLICY, keySignsSeconds: 1000 }
    const key = planTokenKey(m0, [], NOW, hurried)
    expect(nextKeyDue([key], 'ES256', NOW, hurried)).toEqual(after(1000 - STOOD))
  })
})

test('every instant of a year of rotation has a key that stood long enough and outlives its tokens', () => {
  let keys: readonly TokenKey[] = [first]
  const step = 7 * 60 * 60 + 13
  for (let at = 0; at < 365 * 86_400; at += step) {
    const now = after(at)
    if (nextKeyDue(keys, 'ES256', now, POLICY) <= now) {
      const due = plan(makeTestKey('ES256').by, keys, now)
      expect(due.signsFrom.getTime() - now.getTime()).toBeGreaterThanOrEqual(STOOD * 1000)
      keys = [...keys, due]
    }
    const key = keyToSign(keys, 'ES256', now)
    const lastToken = after(POLICY.maxSeconds + 300, now)
    expect(key.publishedUntil.getTime()).toBeGreaterThan(lastToken.getTime() - 1)
    expect(publishedKeys(keys, now).length).toBeLessThanOrEqual(3)
  }
  expect(keys.length).toBeGreaterThan(50)
})

test('two processes that made a key each sign with the same one', () => {
  const at = after(SIGNS / 2)
  const [one, other] = [plan(m1, [first], at), plan(m2, [first], at)]
  const chosen = keyToSign([first, one, other], 'ES256', after(SIGNS)).kid
  expect(keyToSign([other, one, first], 'ES256', after(SIGNS)).kid).toBe(chosen)
})

test('each algorithm has its own row of keys', () => {
  const ed = plan(mEd, both, after(SIGNS / 2))
  expect(ed.signsFrom).toEqual(after(SIGNS / 2))
  expect(keyToSign([...both, ed], 'EdDSA', after(SIGNS)).kid).toBe(ed.kid)
  expect(keyToSign([...both, ed], 'ES256', after(SIGNS)).kid).toBe(second.kid)
})

describe('a withdrawn key', () => {
  const now = after(100)
  const withdrawn = withdrawTokenKey(first, now)

  test('signs and is published no more, and verifies nothing', () => {
    expect(() => keyToSign([withdrawn], 'ES256', now)).toThrow(code('token_key_none'))
    expect(publishedKeys([withdrawn], now)).toEqual([])
    expect(verificationKeys([withdrawn], now).size).toBe(0)
  })

  test('is replaced by one that signs at once', () => {
    expect(nextKeyDue([withdrawn], 'ES256', now, POLICY)).toEqual(now)
    expect(plan(m1, [withdrawn], now).signsFrom).toEqual(now)
  })

  test('that ended before is not revived', () => {
    const late = after(SIGNS + 100)
    expect(withdrawTokenKey(first, late).signsUntil).toEqual(first.signsUntil)
    expect(withdrawTokenKey(first, late).publishedUntil).toEqual(late)
  })
})

describe('the key set document', () => {
  test('shows each published key with its use, algorithm and kid, and nothing private', () => {
    const ed = plan(mEd, [], after(SIGNS / 2))
    const { keys } = jwks([ed, second, first], after(SIGNS / 2))
    expect(keys.map(({ kid }) => kid)).toEqual([
      first.kid,
      ...[second.kid, ed.kid].sort((one, other) => (one < other ? -1 : 1)),
    ])
    for (const key of keys) {
      const members = key.kty === 'EC' ? ['kty', 'crv', 'x', 'y'] : ['kty', 'crv', 'x']
      expect(Object.keys(key)).toEqual([...members, 'use', 'alg', 'kid'])
      expect(key).toMatchObject({ use: 'sig', alg: key.kty === 'EC' ? 'ES256' : 'EdDSA' })
    }
  })

  test('is empty before the first key and after the last', () => {
    expect(jwks(both, after(-1))).toEqual({ keys: [] })
    expect(jwks(both, after(10 * SIGNS))).toEqual({ keys: [] })
  })
})

describe('a kept key', () => {
  test('is read as it was written', () => {
    const record = tokenKeyRecord(first, Uint8Array.of(1))
    expect(record.sealedKey).toEqual(Uint8Array.of(1))
    expect(parseTokenKeyRecord(record)).toEqual(first)
  })

  test.each([
    ['another key', (record: object) => ({ ...record, publicJwk: JSON.stringify(second.publicJwk) })],
    ['another algorithm', (record: object) => ({ ...record, algorithm: 'EdDSA' })],
    ['a symmetric key', (record: object) => ({ ...record, publicJwk: '{"kty":"oct","k":"AAAA"}' })],
    ['a curve of no use', (record: object) => ({ ...record, publicJwk: '{"kty":"EC","crv":"P-521","x":"A","y":"A"}' })],
  ])('is refused under its kid with %s', (_, change) => {
    const record = change(tokenKeyRecord(first, Uint8Array.of(1))) as Parameters<typeof parseTokenKeyRecord>[0]
    expect(() => parseTokenKeyRecord(record)).toThrow(code('token_algorithm_unsupported'))
  })
})
