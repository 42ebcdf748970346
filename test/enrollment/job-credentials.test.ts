// What a job holds: certificate and token from its start, renewed by itself alone, over when it is. Rows AA2 and AA12.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { makeCsr, type MadeCsr } from '../support/csr.ts'
import type { Answer, ClientIdentity } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'

const clock = new SettableClock()
let service: TestService
let owner: Certified
let launcher: Certified

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'alice')
  await service.addProject('speech', 'bob')
  launcher = await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision', 'speech'] })
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'hub.internal' })
})
afterAll(() => service.close())

interface Started {
  readonly id: string
  readonly made: MadeCsr
  readonly identity: Certified
  readonly answer: Record<string, unknown>
  readonly token: string
}

const TOKEN = { audience: 'resnet' }

async function start(more: object = {}): Promise<Started> {
  const made = await makeCsr()
  const body = { project: 'vision', user: 'alice', csr: made.pem, token: TOKEN, ...more }
  const answer = expectStatus(await service.post('/v1/jobs', body, launcher), 201)
  const { certificate, token } = answer.json as Record<string, Record<string, unknown>>
  const id = String(answer.json['id'])
  const identity = certified({ ...answer, json: certificate ?? {} }, made)
  return { id, made, identity, answer: answer.json, token: String(token?.['access_token']) }
}

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
const isActive = async (token: string): Promise<unknown> =>
  (await service.post('/v1/tokens/introspect', { token }, service.admin)).json['active']
const statusOf = async (serial: string): Promise<Record<string, unknown>> =>
  (await service.get(`/v1/certificates/${serial}`, service.admin)).json
const me = (identity: ClientIdentity): Promise<Answer> => service.get('/v1/me', identity)
const renew = ({ id, identity }: Started, csr: string, by: ClientIdentity = identity): Promise<Answer> =>
  service.post(`/v1/jobs/${id}/renew`, { csr }, by)
const rotate = ({ id, identity }: Started, body: object = TOKEN): Promise<Answer> =>
  service.post(`/v1/jobs/${id}/token`, body, identity)
const finish = async ({ id }: Started): Promise<void> =>
  void expectStatus(await service.post(`/v1/jobs/${id}/finish`, undefined, launcher), 200)

describe('the start of a job', () => {
  test('AA12, rule 12, rule 24: the token names project, user, job and launcher, and ends with the certificate', async () => {
    const { id, token, identity, answer } = await start()
    const claims = claimsOf(token)
    expect(claims).toMatchObject({
      sub: 'vision__alice',
      project: 'vision',
      user: 'alice',
      job: id,
      act: { sub: 'hub.internal' },
      aud: 'resnet',
    })
    const notAfter = Date.parse(String((answer['certificate'] as Record<string, unknown>)['notAfter']))
    expect(Number(claims['exp']) * 1000).toBeLessThanOrEqual(notAfter)
    expect(await isActive(token)).toBe(true)
    expect((await me(identity)).json).toMatchObject({ principal: 'vision__alice', actor: `job:${id}` })
  })

  test('rule 35: a certificate lives an hour at most, and never longer than the job', async () => {
    const lives = async (more: object): Promise<[number, number | undefined]> => {
      const before = Math.floor(clock.now().getTime() / 1000)
      const { answer } = await start({ token: undefined, ...more })
      const until = (text: unknown): number => Math.round((Date.parse(String(text)) / 1000 - before) / 60)
      const { notAfter } = answer['certificate'] as Record<string, unknown>
      return [until(notAfter), answer['endsAt'] === undefined ? undefined : until(answer['endsAt'])]
    }
    expect(await lives({ lifetimeSeconds: 600 })).toEqual([10, 10])
    expect(await lives({ lifetimeSeconds: 7200 })).toEqual([60, 120])
    expect(await lives({})).toEqual([60, 1440])
    expect(await lives({ kind: 'notebook' })).toEqual([60, undefined])
    expect(await lives({ kind: 'deployment' })).toEqual([60, undefined])
  })

  test.each([
    ['a lifetime for a notebook', { kind: 'notebook', lifetimeSeconds: 600 }, 400, 'job_without_end'],
    ['more than thirty days', { lifetimeSeconds: 2_592_001 }, 400, 'job_too_long'],
    ['a lease under ten seconds', { leaseSeconds: 9 }, 400, 'job_lease_refused'],
    ['a lease over an hour', { leaseSeconds: 3601 }, 400, 'body_rejected'],
    ['another kind', { kind: 'cron' }, 400, 'body_rejected'],
    ['an audience that nobody is', { token: { audience: 'nobody' } }, 400, 'token_audience_unknown'],
    [
      'a token that outlives the job',
      { lifetimeSeconds: 60, token: { ...TOKEN, lifetimeSeconds: 61 } },
      400,
      'token_lifetime_too_long',
    ],
    ['a member of the other project alone', { user: 'bob' }, 404, 'member_unknown'],
  ])('is refused with %s', async (_, more, status, code) => {
    const body = { project: 'vision', user: 'alice', csr: (await makeCsr()).pem, ...more }
    const refused = await leavesNothing(service, () => service.post('/v1/jobs', body, launcher))
    expect({ status: refused.status, code: refused.code }).toEqual({ status, code })
  })

  test('rule 19: what held a token is not handed over twice', async () => {
    const body = { project: 'vision', user: 'alice', csr: (await makeCsr()).pem, token: TOKEN }
    const key = { 'idempotency-key': 'once' }
    expectStatus(await service.post('/v1/jobs', body, launcher, key), 201)
    expect(await service.post('/v1/jobs', body, launcher, key)).toMatchObject({
      status: 409,
      code: 'already_delivered',
    })
  })

  test('of many at once is all or none, and an error tells which', async () => {
    const job = async (more: object = {}) => ({ project: 'vision', user: 'alice', csr: (await makeCsr()).pem, ...more })
    const good = {
      jobs: [await job(), await job({ kind: 'notebook', token: TOKEN }), await job({ project: 'speech', user: 'bob' })],
    }
    const { jobs } = expectStatus(await service.post('/v1/jobs', good, launcher), 201).json as {
      jobs: Record<string, unknown>[]
    }
    expect(jobs.map(({ kind, project, token }) => [kind, project, token !== undefined])).toEqual([
      ['job', 'vision', false],
      ['notebook', 'vision', true],
      ['job', 'speech', false],
    ])
    for (const [bad, code] of [
      [await job({ csr: '' }), 'csr_empty'],
      [await job({ user: 'nobody' }), 'member_unknown'],
      [await job({ csr: good.jobs[0]?.csr }), 'key_of_another_identity'],
    ] as const) {
      const body = { jobs: [await job(), await job(), bad] }
      const refused = await leavesNothing(service, () => service.post('/v1/jobs', body, launcher))
      expect([refused.code, refused.json['facts']]).toEqual([code, expect.objectContaining({ job: 2 })])
    }
    const none = await service.post('/v1/jobs', { jobs: [] }, launcher)
    expect(none).toMatchObject({ status: 400, code: 'body_rejected' })
  })
})

describe('a job', () => {
  test('AA2 of one project is nobody in the other, although its user may be a member of both', async () => {
    expectStatus(await service.put('/v1/projects/vision/members/bob', { role: 'scientist' }, owner), 201)
    const { identity, token } = await start({ user: 'bob' })
    expect((await me(identity)).json).toMatchObject({ principal: 'vision__bob' })
    expect(claimsOf(token)['project']).toBe('vision')
    const other = await service.post(
      '/v1/projects/speech/members/bob/certificates',
      { csr: (await makeCsr()).pem },
      identity,
    )
    expect(other).toMatchObject({ status: 403, code: 'not_permitted' })
    const acting = { name: 'speech__bob' }
    const decision = await service.post('/v1/authorize', { deployment: 'resnet', actingUser: acting.name }, identity)
    expect(decision.json['decision']).not.toBe('allow')
  })

  test('rule 35: renewed with its key keeps both certificates', async () => {
    const started = await start()
    const answer = expectStatus(await renew(started, started.made.pem), 201)
    const next = certified(answer, started.made)
    expect(next.serial).not.toBe(started.identity.serial)
    for (const identity of [started.identity, next]) expect((await me(identity)).status).toBe(200)
    clock.pass(301)
    await finish(await start())
    expect(await statusOf(started.identity.serial)).toMatchObject({ status: 'good' })
  })

  test('rule 35: with a new key, the old one is revoked after the overlap', async () => {
    const started = await start()
    const made = await makeCsr()
    const next = certified(expectStatus(await renew(started, made.pem), 201), made)
    expect((await me(started.identity)).status).toBe(200)
    clock.pass(299)
    expect(await statusOf(started.identity.serial)).toMatchObject({ status: 'good' })
    clock.pass(2)
    await vi.waitFor(async () => {
      const old = await statusOf(started.identity.serial)
      expect(old).toMatchObject({ status: 'revoked', reason: 'superseded' })
    }, 5000)
    expect((await me(next)).status).toBe(200)
    expect(await me(started.identity)).toMatchObject({ status: 401, code: 'client_certificate_refused' })
  })

  test('rule 11: renews itself alone, and never past its end', async () => {
    const started = await start({ lifetimeSeconds: 600 })
    const other = await start()
    const csr = (await makeCsr()).pem
    for (const by of [launcher, owner, other.identity, service.admin]) {
      const refused = await leavesNothing(service, () => renew(started, csr, by))
      expect(refused).toMatchObject({ status: 403, code: 'not_permitted' })
    }
    clock.pass(300)
    const { json } = expectStatus(await renew(started, csr), 201)
    const end = Date.parse(String(started.answer['endsAt']))
    expect(end - Date.parse(String(json['notAfter']))).toBeLessThanOrEqual(1000)
    expect(Date.parse(String(json['notAfter']))).toBeLessThanOrEqual(end)
    clock.pass(301)
    expect(await renew(started, csr)).toMatchObject({ status: 401 })
  })

  test('AA12 rotates its token: the old one works on for the overlap, and no longer', async () => {
    const started = await start()
    const answer = expectStatus(await rotate(started), 201)
    const next = String(answer.json['access_token'])
    expect(claimsOf(next)).toMatchObject({ job: started.id, act: { sub: 'hub.internal' }, project: 'vision' })
    expect([await isActive(started.token), await isActive(next)]).toEqual([true, true])
    clock.pass(59)
    expect(await isActive(started.token)).toBe(true)
    clock.pass(2)
    await vi.waitFor(async () => expect(await isActive(started.token)).toBe(false), 5000)
    expect(await isActive(next)).toBe(true)
    await finish(started)
    expect(await isActive(next)).toBe(false)
  })

  test('AA12 that has ended gets nothing more, and nothing of it is valid', async () => {
    const started = await start()
    await finish(started)
    expect(await isActive(started.token)).toBe(false)
    for (const answer of [await renew(started, started.made.pem), await rotate(started)]) {
      expect(answer).toMatchObject({ status: 401, code: 'client_certificate_refused' })
    }
  })

  test('of a launcher that lost the project is renewed and kept no more, and can be finished', async () => {
    const body = { systemUser: 'svc', roles: ['launcher'], projects: ['vision'] }
    const other = await service.addService('lost.internal', body)
    const made = await makeCsr()
    const asked = { project: 'vision', user: 'alice', csr: made.pem }
    const answer = expectStatus(await service.post('/v1/jobs', asked, other), 201)
    const identity = certified({ ...answer, json: answer.json['certificate'] as Record<string, unknown> }, made)
    expectStatus(await service.put('/v1/services/lost.internal', { ...body, projects: [] }, service.admin), 200)
    const path = `/v1/jobs/${String(answer.json['id'])}`
    for (const [way, asks] of [
      ['renew', { csr: made.pem }],
      ['token', TOKEN],
    ] as const) {
      expect(await service.post(`${path}/${way}`, asks, identity)).toMatchObject({ code: 'project_not_granted' })
    }
    const heartbeat = await service.post(`${path}/heartbeat`, undefined, other)
    expect(heartbeat).toMatchObject({ status: 403, code: 'project_not_granted' })
    expectStatus(await service.post(`${path}/finish`, undefined, other), 200)
  })
})

test('jobs are listed for whom they concern', async () => {
  const started = await start({ user: 'bob' })
  const listed = async (by: ClientIdentity): Promise<readonly unknown[]> => {
    const { jobs } = expectStatus(await service.get('/v1/jobs?limit=1000', by), 200).json as {
      jobs: { id: string; user: string }[]
    }
    return jobs.map(({ id, user }) => (id === started.id ? 'it' : user))
  }
  expect(await listed(launcher)).toContain('it')
  expect(await listed(owner)).toContain('it')
  const bob = await service.enrol('vision', 'bob', owner)
  expect(new Set(await listed(bob))).toEqual(new Set(['it', 'bob']))
  for (const by of [service.admin, started.identity]) {
    expect(await service.get('/v1/jobs', by)).toMatchObject({ status: 403, code: 'not_permitted' })
  }
})
