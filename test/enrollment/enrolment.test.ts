// Enrolment tokens and what follows from them: good once, for a quarter of an hour, for one identity; renewals end thirty
// days later; jobs end with their member. A clock that stands still, over the real listener.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

const clock = new StillClock()
let service: TestService
let owner: Certified
let launcher: Certified
let count = 0

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'owner')
  const settings = { roles: ['launcher'], projects: ['vision'] }
  launcher = await service.addService('launcher.internal', settings)
})
afterAll(() => service.close())

const pathOf = (user: string): string => `/v1/projects/vision/members/${user}/certificates`
const csr = async (): Promise<string> => (await makeCsr()).pem

async function newMember(): Promise<string> {
  count += 1
  const user = `m${String(count)}`
  await service.addUser(user)
  expectStatus(await service.put(`/v1/projects/vision/members/${user}`, { role: 'scientist' }, owner), 201)
  return user
}

const enrol = async (user: string, enrolmentToken: string): Promise<Answer> =>
  service.post(pathOf(user), { csr: await csr(), enrolmentToken })

async function expectRefused(status: number, code: string, act: () => Promise<Answer>): Promise<void> {
  expect(known(await leavesNothing(service, act))).toEqual({ status, code })
}

describe('an enrolment token', () => {
  test('is good in its last second, and not at its end', async () => {
    for (const [seconds, status] of [
      [899, 201],
      [900, 401],
    ] as const) {
      const user = await newMember()
      const token = await service.enrolmentToken('vision', user, owner)
      clock.pass(seconds)
      expect({ seconds, status: (await enrol(user, token)).status }).toEqual({ seconds, status })
    }
  })

  test('is spent once, also by two at the same time', async () => {
    const user = await newMember()
    const token = await service.enrolmentToken('vision', user, owner)
    const answers = await Promise.all([enrol(user, token), enrol(user, token), enrol(user, token)])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 401, 401])
    await expectRefused(401, 'enrolment_token_invalid', () => enrol(user, token))
  })

  test('that was tried for somebody else is still good for its own', async () => {
    const [user, other] = [await newMember(), await newMember()]
    const token = await service.enrolmentToken('vision', user, owner)
    await expectRefused(401, 'enrolment_token_invalid', () => enrol(other, token))
    expectStatus(await enrol(user, token), 201)
  })

  test('whose request was refused is still good', async () => {
    const user = await newMember()
    const enrolmentToken = await service.enrolmentToken('vision', user, owner)
    const asked = async () =>
      service.post(pathOf(user), { csr: await csr(), enrolmentToken, lifetimeSeconds: 31_536_000 })
    await expectRefused(400, 'validity_too_long', asked)
    expectStatus(await enrol(user, enrolmentToken), 201)
  })

  test.each([
    [
      'removed',
      (user: string) => service.send({ method: 'DELETE', path: `/v1/projects/vision/members/${user}` }, owner),
    ],
    ['blocked', (user: string) => service.post(`/v1/users/${user}/block`, undefined, service.admin)],
  ])('is void when its member is %s, for ever', async (_, end) => {
    const user = await newMember()
    const token = await service.enrolmentToken('vision', user, owner)
    expectStatus(await end(user), 200)
    expect((await leavesNothing(service, () => enrol(user, token))).status).toBeGreaterThanOrEqual(400)
    await service.post(`/v1/users/${user}/unblock`, undefined, service.admin)
    await service.put(`/v1/projects/vision/members/${user}`, { role: 'scientist' }, owner)
    await expectRefused(401, 'enrolment_token_invalid', () => enrol(user, token))
  })

  test.each(['', 'enrol_', 'enrol_AAAA', 'x'.repeat(100)])('"%s" is none', async (token) => {
    const user = await newMember()
    const answer = await leavesNothing(service, () => enrol(user, token))
    expect([400, 401]).toContain(answer.status)
  })

  test.each([
    ['an administrator', () => service.admin],
    ['an owner', () => owner],
  ])('%s makes none for a member at work, and one when nothing of theirs is live', async (_, by) => {
    const user = await newMember()
    const ask = () => service.post(`/v1/projects/vision/members/${user}/enrolment`, undefined, by())
    const { json } = expectStatus(await enrol(user, String(expectStatus(await ask(), 201).json['token'])), 201)
    const revoke = (reason: string) =>
      service.post(`/v1/certificates/${String(json['serial'])}/revoke`, { reason }, owner)
    await expectRefused(409, 'member_at_work', ask)
    expectStatus(await revoke('certificateHold'), 200)
    await expectRefused(409, 'member_at_work', ask)
    expectStatus(await revoke('superseded'), 200)
    expectStatus(await ask(), 201)
  })

  test('nobody makes one for themselves', async () => {
    const path = '/v1/projects/vision/members/owner/enrolment'
    await expectRefused(403, 'not_permitted', () => service.post(path, undefined, owner))
  })

  test('is the only one of its member: a second voids the first', async () => {
    const user = await newMember()
    const first = await service.enrolmentToken('vision', user, owner)
    const second = await service.enrolmentToken('vision', user, owner)
    await expectRefused(401, 'enrolment_token_invalid', () => enrol(user, first))
    expectStatus(await enrol(user, second), 201)
  })

  test.each([
    ['was revoked', (maker: Certified) => revokeSerial(maker.serial)],
    ['left', ({ answer }: Certified) => removeMember(String(answer['commonName']).replace('vision__', ''))],
  ])('is void when its maker %s', async (_, end) => {
    count += 1
    const maker = await service.addMember('vision', `maker${String(count)}`, owner, 'owner')
    const user = await newMember()
    const token = await service.enrolmentToken('vision', user, maker)
    expectStatus(await end(maker), 200)
    await expectRefused(401, 'enrolment_token_invalid', () => enrol(user, token))
  })

  const removeMember = (user: string) =>
    service.send({ method: 'DELETE', path: `/v1/projects/vision/members/${user}` }, owner)
  const revokeSerial = (serial: string) =>
    service.post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' }, service.admin)

  test('of a service is bound to that service', async () => {
    await service.addService('one.internal')
    await service.addService('two.internal')
    const made = await service.post('/v1/services/one.internal/enrolment', undefined, service.admin)
    const enrolmentToken = String(expectStatus(made, 201).json['token'])
    const ask = async (name: string) =>
      service.post(`/v1/services/${name}/certificates`, { csr: await csr(), enrolmentToken })
    await expectRefused(401, 'enrolment_token_invalid', () => ask('two.internal'))
    expectStatus(await ask('one.internal'), 201)
    await expectRefused(401, 'enrolment_token_invalid', () => ask('one.internal'))
  })
})

describe('jobs', () => {
  const start = async (user: string) => {
    const made = await makeCsr()
    const answer = await service.post('/v1/jobs', { project: 'vision', user, csr: made.pem }, launcher)
    const { id, certificate } = expectStatus(answer, 201).json as { id: string; certificate: Record<string, string> }
    return { id, serial: certificate['serial'] ?? '', notAfter: certificate['notAfter'] ?? '' }
  }
  const statusOf = async (serial: string) => (await service.get(`/v1/certificates/${serial}`, owner)).json
  const jobOf = async (id: string) => {
    const jobs = (await service.get('/v1/jobs?limit=1000', launcher)).json['jobs'] as { id: string; status: string }[]
    return jobs.find((job) => job.id === id)?.status
  }

  test('finishing revokes at once, and a second time changes nothing', async () => {
    const { id, serial } = await start(await newMember())
    const finish = () => service.post(`/v1/jobs/${id}/finish`, undefined, launcher)
    const first = expectStatus(await finish(), 200)
    expect(await statusOf(serial)).toMatchObject({ status: 'revoked', reason: 'cessationOfOperation' })
    clock.pass(1)
    expect((await leavesNothing(service, finish)).json).toEqual(first.json)
  })

  test('they end with their member', async () => {
    const user = await newMember()
    const { id, serial } = await start(user)
    expectStatus(await service.send({ method: 'DELETE', path: `/v1/projects/vision/members/${user}` }, owner), 200)
    expect(await statusOf(serial)).toMatchObject({ status: 'revoked', reason: 'affiliationChanged' })
    expect(await jobOf(id)).toBe('finished')
  })

  test('they live an hour at most', async () => {
    const user = await newMember()
    const { notAfter } = await start(user)
    expect(Date.parse(notAfter)).toBe(clock.now().getTime() + 3_599_000)
    const body = { project: 'vision', user, csr: await csr(), lifetimeSeconds: 2_592_001 }
    await expectRefused(400, 'job_too_long', () => service.post('/v1/jobs', body, launcher))
  })

  test('an unknown one is unknown to a launcher, and nobody else may ask', async () => {
    await expectRefused(404, 'job_unknown', () => service.post('/v1/jobs/j00/finish', undefined, launcher))
    await expectRefused(403, 'not_permitted', () => service.post('/v1/jobs/j00/finish', undefined, owner))
  })

  test("another launcher's is not its own", async () => {
    const { id } = await start(await newMember())
    const other = await service.addService('launcher-2.internal', { roles: ['launcher'], projects: ['vision'] })
    await expectRefused(403, 'not_permitted', () => service.post(`/v1/jobs/${id}/finish`, undefined, other))
  })
})

// Last, since thirty days pass.
describe('renewals', () => {
  // The administrator's certificate ends meanwhile: what is stored cannot be asked for, only the answers are looked at.
  test('go on until thirty days after enrolment, to the second, and are refused after', async () => {
    const began = clock.now()
    const user = await newMember()
    let member = await service.enrol('vision', user, owner)
    const renew = async (lifetimeSeconds?: number): Promise<Answer> => {
      const made = await makeCsr()
      const body = { csr: made.pem, ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }) }
      const answer = await service.post(pathOf(user), body, member)
      if (answer.status === 201) member = certified(answer, made)
      return answer
    }
    const day = 86_400
    for (let days = 7; days <= 28; days += 7) {
      // Seven days is the longest; the next one is bought in its last second.
      expectStatus(await renew(7 * day), 201)
      clock.set(new Date(began.getTime() + (days * day - days / 7) * 1000))
    }
    const left = 30 * day - (28 * day - 4)
    expect(known(await renew(left + 2))).toEqual({ status: 403, code: 'renewal_ended' })
    expectStatus(await renew(left + 1), 201)
    const last = await service.get(`/v1/certificates/${member.serial}`, member)
    expect(last.json['notAfter']).toBe(last.json['renewUntil'])
    expect(Date.parse(String(last.json['renewUntil']))).toBe(began.getTime() + 30 * day * 1000)
    clock.set(new Date(began.getTime() + 30 * day * 1000))
    expect(known(await renew(60))).toEqual({ status: 403, code: 'renewal_ended' })
    clock.pass(1)
    expect((await renew(60)).code).toBe('client_certificate_refused')
  })
})
