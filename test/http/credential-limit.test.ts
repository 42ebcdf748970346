// Rule 28 for credentials: what fails is counted, for the credential from one address, for the address, for all together.
// First the counters with a clock that stands still, then the running service.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EnrollmentRefused } from '../../src/enrollment/errors.ts'
import { limitedAddress } from '../../src/domain/limited-address.ts'
import { type Attempt, CredentialLimit, type CredentialKind } from '../../src/http/credential-limit.ts'
import { FailureCounts } from '../../src/domain/failure-counts.ts'
import { HttpRefused } from '../../src/http/problem.ts'
import { BoundedLog } from '../../src/ops/bounded-log.ts'
import { HeldClock } from '../support/held-clock.ts'
import { type ClientIdentity, known } from '../support/https-client.ts'
import { makeCsr } from '../support/csr.ts'
import { People, signIn } from '../support/people.ts'
import { expectStatus, TestService } from '../support/test-service.ts'
import { leavesNothing } from './stored.ts'

const LIMITS = { credentialFailures: 3, addressFailures: 5, failureWindowSeconds: 60 }
const ALL = 500
const HERE = '192.0.2.1'
const bad = (): Promise<never> => Promise.reject(new EnrollmentRefused('enrolment_token_invalid'))
const good = (): Promise<string> => Promise.resolve('in')

describe('rule 28: failed credentials', () => {
  let clock: HeldClock
  let limit: CredentialLimit
  let seen: string[]
  const by = (credential: string, address = HERE, kind: CredentialKind = 'bearer'): Attempt => ({
    kind,
    credential,
    address,
  })
  /** `failed`, `limited`, or what the check gave. */
  const outcome = async (attempt: Attempt, check: () => Promise<string>): Promise<string> => {
    try {
      return await limit.run(attempt, check)
    } catch (error) {
      return error instanceof HttpRefused && error.code === 'too_many_failures' ? 'limited' : 'failed'
    }
  }
  const fail = async (times: number, attempt: (n: number) => Attempt): Promise<void> => {
    for (let n = 0; n < times; n += 1) expect(await outcome(attempt(n), bad)).toBe('failed')
  }

  beforeEach(() => {
    clock = new HeldClock()
    seen = []
    limit = new CredentialLimit(LIMITS, clock, {
      credentialFailed: ({ kind }, code) => seen.push(`${kind} ${code}`),
      credentialLimited: ({ kind }) => seen.push(`${kind} limited`),
    })
  })

  test('a credential is looked at until its bound is reached, and not after, however good it is', async () => {
    await fail(LIMITS.credentialFailures - 1, () => by('alice'))
    expect(await outcome(by('alice'), good)).toBe('in')
    await fail(1, () => by('alice'))
    let looked = false
    const check = () => ((looked = true), good())
    expect(await outcome(by('alice'), check)).toBe('limited')
    expect(looked).toBe(false)
    expect(seen.slice(-2)).toEqual(['bearer enrolment_token_invalid', 'bearer limited'])
  })

  test.each([
    ['another address', by('alice', '192.0.2.2')],
    ['another credential', by('bob')],
    ['the same text as a credential of another kind', by('alice', HERE, 'api-key')],
  ])('%s is not locked out with it', async (_, other) => {
    await fail(LIMITS.credentialFailures, () => by('alice'))
    expect(await outcome(other, good)).toBe('in')
  })

  test('an address is stopped at its own bound, whatever it tries', async () => {
    await fail(LIMITS.addressFailures - 1, (n) => by(`user${String(n)}`))
    expect(await outcome(by('carol'), good)).toBe('in')
    await fail(1, () => by('last'))
    expect(await outcome(by('carol'), good)).toBe('limited')
    expect(await outcome(by('carol', '192.0.2.2'), good)).toBe('in')
  })

  test('all together are stopped at a hundred times that, but for addresses that have not failed', async () => {
    await fail(ALL - 1, (n) => by('alice', `198.51.100.${String(n)}`))
    await fail(1, () => by('alice'))
    expect(await outcome(by('bob'), good)).toBe('limited')
    expect(await outcome(by('alice', '203.0.113.1'), good)).toBe('in')
    await fail(1, () => by('alice', '203.0.113.1'))
    expect(await outcome(by('alice', '203.0.113.1'), good)).toBe('limited')
  })

  test('Retry-After is the time until the window ends, and then it is looked at again', async () => {
    await fail(1, () => by('alice'))
    clock.pass(20_500)
    await fail(2, () => by('alice'))
    await expect(limit.run(by('alice'), good)).rejects.toMatchObject({
      code: 'too_many_failures',
      facts: { retryAfterSeconds: 40 },
      headers: { 'retry-after': '40' },
    })
    clock.pass(39_499)
    await expect(limit.run(by('alice'), good)).rejects.toMatchObject({ headers: { 'retry-after': '1' } })
    clock.pass(1)
    expect(await outcome(by('alice'), good)).toBe('in')
  })

  test('an attempt that was refused for the limit does not count', async () => {
    await fail(LIMITS.credentialFailures, () => by('alice'))
    for (let n = 0; n < 20; n += 1) expect(await outcome(by('alice'), bad)).toBe('limited')
    expect(await outcome(by('bob'), good)).toBe('in')
  })

  test.each([
    ['a refusal that says nothing of the credential', new EnrollmentRefused('not_permitted')],
    ['a database that does not answer', new HttpRefused('temporarily_unavailable')],
    ['a fault of ours', new Error('broken')],
  ])('%s does not count', async (_, error) => {
    for (let n = 0; n < 20; n += 1) {
      for (const kind of ['bearer', 'sign-in'] as const) {
        await expect(limit.run(by('alice', HERE, kind), () => Promise.reject(error))).rejects.toBe(error)
      }
    }
    expect(seen).toEqual([])
  })

  test('passwords that are still being checked count: a thousand at once are not a thousand guesses', async () => {
    const release = Promise.withResolvers<undefined>()
    let guesses = 0
    const guess = async (): Promise<never> => {
      guesses += 1
      await release.promise
      throw new EnrollmentRefused('unauthenticated')
    }
    const running = Array.from({ length: 1000 }, () => outcome(by('alice', HERE, 'sign-in'), guess))
    release.resolve(undefined)
    const outcomes = await Promise.all(running)
    expect(guesses).toBe(LIMITS.credentialFailures)
    expect(outcomes.filter((each) => each === 'limited')).toHaveLength(1000 - guesses)
  })

  test('passwords that hold do not count, and neither do good credentials, a hundred at once', async () => {
    for (let n = 0; n < 20; n += 1) expect(await outcome(by('alice', HERE, 'sign-in'), good)).toBe('in')
    const many = await Promise.all(Array.from({ length: 100 }, () => outcome(by('alice'), good)))
    expect(new Set(many)).toEqual(new Set(['in']))
  })
})

test('rule 28: a name in another letter case is the same credential', async () => {
  const people = new People()
  const flags = { ...people.flags({ plain: {} }), 'limits.credentialFailures': 2 }
  const service = await TestService.start({ flags })
  try {
    for (const name of ['ann', 'ANN']) {
      expect(known(await signIn(service, 'plain', name, 'wrong'))).toEqual({ status: 401, code: 'sign_in_refused' })
    }
    expect(known(await signIn(service, 'plain', 'Ann', 'x'))).toEqual({ status: 429, code: 'too_many_failures' })
  } finally {
    await service.close()
    people.close()
  }
})

describe('rule 28: memory', () => {
  test('is bounded: the oldest count goes for a new one', () => {
    const clock = new HeldClock()
    const counts = new FailureCounts(clock, 60, 3)
    for (const key of ['a', 'b', 'c', 'd']) {
      counts.add(key)
      clock.pass(1)
    }
    expect(counts.size).toBe(3)
    expect(['a', 'b', 'c', 'd'].map((key) => counts.failures(key))).toEqual([0, 1, 1, 1])
  })

  test('counts that have ended make room', () => {
    const clock = new HeldClock()
    const counts = new FailureCounts(clock, 60, 100)
    for (let n = 0; n < 100; n += 1) counts.add(String(n))
    clock.pass(60_000)
    counts.add('new')
    expect(counts.size).toBe(1)
  })

  test('the log takes so many lines a minute, and says how many it left out', () => {
    const clock = new HeldClock()
    const lines: unknown[] = []
    const log = new BoundedLog({ warn: (...line: unknown[]) => void lines.push(line) }, clock, 2)
    for (let n = 0; n < 5; n += 1) log.warn({ n }, 'no')
    expect(lines).toEqual([
      [{ n: 0 }, 'no'],
      [{ n: 1 }, 'no'],
    ])
    clock.pass(60_000)
    log.warn({ n: 5 }, 'no')
    expect(lines.slice(2)).toEqual([
      [{ lines: 3 }, 'lines like these were left out'],
      [{ n: 5 }, 'no'],
    ])
  })
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ['1:2:3:4:5:6:192.0.2.7', '1:2:3:4::/64'],
  ['unknown', 'unknown'],
  ['192.0.2.7:4711', '192.0.2.7'],
  ['[2001:db8:1:2::1]:4711', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
  ['[::ffff:192.0.2.7]:1', '192.0.2.7'],
  ['192.0.2.7:', '192.0.2.7:'],
])('rule 28: %s counts as %s', (address, expected) => {
  expect(limitedAddress(address)).toBe(expected)
})

describe('rule 28 over the running service', () => {
  let service: TestService
  let owner: ClientIdentity
  beforeAll(async () => {
    service = await TestService.start({ flags: { 'limits.credentialFailures': 2, 'limits.addressFailures': 5 } })
    owner = await service.addProject('vision', 'owner')
  })
  afterAll(() => service.close())

  const bearer = (token: string) => () =>
    service.send({ method: 'GET', path: '/v1/me', headers: { authorization: `Bearer ${token}` } })
  const apiKey = (value: string) => () =>
    service.send({ method: 'GET', path: '/v1/me', headers: { authorization: `ApiKey ${value}` } })
  const enrol = async (enrolmentToken: string) => {
    const { pem } = await makeCsr()
    return service.post('/v1/projects/vision/members/owner/certificates', { csr: pem, enrolmentToken })
  }

  test('the third try gets 429 with Retry-After, nothing is audited, and a certificate still opens', async () => {
    for (let n = 0; n < 2; n += 1) {
      expect(known(await leavesNothing(service, bearer('a.b.c')))).toEqual({ status: 401, code: 'token_malformed' })
      expect(known(await leavesNothing(service, () => enrol('enrol_guess')))).toEqual({
        status: 401,
        code: 'enrolment_token_invalid',
      })
    }
    for (const act of [bearer('a.b.c'), () => enrol('enrol_guess')]) {
      const refused = await leavesNothing(service, act)
      expect(known(refused)).toEqual({ status: 429, code: 'too_many_failures' })
      const seconds = Number(refused.headers['retry-after'])
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(300)
    }
    expect((await service.get('/v1/me', owner)).status).toBe(200)
  })

  test('an API key from another prefix is looked at, and counts as one of its kind', async () => {
    const made = await service.post('/v1/api-keys', { name: 'k', scopes: ['USER'] }, owner)
    const value = String(expectStatus(made, 201).json['value'])
    expect((await apiKey(value)()).status).toBe(200)
    expect(known(await leavesNothing(service, apiKey('AAAA.BBBB')))).toEqual({ status: 401, code: 'api_key_invalid' })
    // The fifth failure of this address: it is stopped, and the good key with it.
    expect(known(await leavesNothing(service, apiKey(value)))).toEqual({ status: 429, code: 'too_many_failures' })
  })

  test('the address is stopped for every credential but certificates, and the figures say so', async () => {
    const token = await service.post('/v1/tokens', { audience: service.url }, owner)
    const good = String(expectStatus(token, 201).json['access_token'])
    expect(known(await bearer(good)())).toEqual({ status: 429, code: 'too_many_failures' })
    expect((await service.get('/v1/me', owner)).status).toBe(200)
    const figures = await (await fetch(`${service.operationsUrl}/metrics`)).text()
    expect(figures).toContain('signet_credential_failures_total{kind="bearer"} 2')
    expect(figures).toContain('signet_credential_failures_total{kind="api-key"} 1')
    expect(figures).toContain('signet_credential_limited_total{kind="enrolment"} 1')
  })
})
