import { describe, expect, test } from 'vitest'
import { SENT_BY_CLIENTS } from '../../../src/cli/doctor/hostile/sent-by-clients.ts'
import { MARK } from '../../../src/cli/doctor/hostile/hostile-request.ts'
import { TRAPS } from '../../../src/cli/doctor/proxy-advice.ts'
import { type CasesWanted, type KnownWorld, plainAttempt, proxyCases } from '../../../src/cli/doctor/proxy-case.ts'

const KNOWN: KnownWorld = {
  host: 'chat.internal',
  otherHost: 'other.invalid',
  path: '/echo',
  unprotectedPath: '/healthz',
  actingUser: 'vision__alice',
  certificate: Uint8Array.of(1),
  otherCertificate: Uint8Array.of(1),
  foreignCertificate: Uint8Array.of(2),
  issuer: Uint8Array.of(3),
}
const TOLD: KnownWorld = {
  ...KNOWN,
  gatewayHost: 'gateway.internal',
  model: 'llm',
  otherModel: 'other',
  modelHeader: 'x-gateway-model-name',
  apiKey: 'prefix.secret',
}

const cases = (world: KnownWorld, more: Partial<CasesWanted> = {}) =>
  proxyCases({ world, unprotected: 'open', revoked: 'given', ...more })

describe('the cases', () => {
  test('hold each trap that can be seen from outside, with advice', () => {
    const traps = new Set(cases(TOLD).cases.map(({ trap }) => trap))
    expect([...traps].toSorted((a, b) => a - b)).toEqual(Object.keys(TRAPS).map(Number))
  })

  test('are many for each trap but 7 and 8, without a word of what need not be told', () => {
    const { cases: few } = cases(KNOWN, { revoked: 'absent' })
    for (const trap of [1, 2, 3, 5, 6] as const)
      expect(few.filter((each) => each.trap === trap).length, String(trap)).toBeGreaterThan(15)
    expect(few.length).toBeGreaterThan(250)
  })

  test('say what they lack, and ask everything when they have it', () => {
    const { notAsked } = cases(KNOWN)
    expect([...notAsked.keys()].toSorted()).toEqual(['apiKey', 'gatewayHost', 'model', 'modelHeader'])
    expect(cases(TOLD).notAsked.size).toBe(0)
  })

  test('differ from their twins, which lie nowhere and are what is allowed', () => {
    for (const { name, hostile, twin } of cases(TOLD).cases) {
      if (hostile.shows === twin.shows && hostile.session === twin.session)
        expect(hostile.call, name).not.toEqual(twin.call)
      expect(JSON.stringify(twin), name).not.toContain(MARK)
    }
  })

  test('make no model work: what is sent to its paths is a GET', () => {
    const posts = cases(TOLD).cases.filter(({ hostile: { call } }) => call.method === 'POST')
    expect(new Set(posts.map(({ hostile: { call } }) => call.target))).toEqual(new Set(['/healthz']))
  })

  test('of paths have the honest call for a twin where no path is unprotected', () => {
    const closed = cases(KNOWN, { unprotected: 'closed' }).cases.filter(({ trap }) => trap === 6)
    for (const { twin } of closed) expect(twin).toEqual(plainAttempt(KNOWN))
  })

  test('of what may be let through without its trick show the caller’s certificate', () => {
    for (const { trick, hostile } of cases(TOLD).cases) if (trick === 'removable') expect(hostile.shows).toBe('own')
    expect(SENT_BY_CLIENTS.length).toBeGreaterThan(300)
  })
})
