// The end of a job, whoever ends it: audited once, in the name of who did it, and never later than its own end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCsr } from '../support/csr.ts'
import type { Answer } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

const LIFETIME_SECONDS = 600

const clock = new StillClock()
let service: TestService
let owner: Certified
let launcher: Certified
let count = 0

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'owner')
  launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
})
afterAll(() => service.close())

interface Started {
  readonly id: string
  readonly user: string
  readonly endsAt: string
}

async function start(): Promise<Started> {
  count += 1
  const user = `m${String(count)}`
  await service.addUser(user)
  expectStatus(await service.put(`/v1/projects/vision/members/${user}`, { role: 'scientist' }, owner), 201)
  const body = { project: 'vision', user, csr: (await makeCsr()).pem, lifetimeSeconds: LIFETIME_SECONDS }
  const { id } = expectStatus(await service.post('/v1/jobs', body, launcher), 201).json
  return { id: String(id), user, endsAt: String((await jobOf(String(id)))?.['endsAt']) }
}

const jobOf = async (id: string): Promise<Record<string, unknown> | undefined> => {
  const { jobs } = (await service.get('/v1/jobs?limit=1000', launcher)).json as { jobs: Record<string, unknown>[] }
  return jobs.find((job) => job['id'] === id)
}

const finishesOf = async (id: string): Promise<Record<string, unknown>[]> => {
  const { events } = (await service.get('/v1/audit?limit=1000', service.admin)).json as {
    events: Record<string, unknown>[]
  }
  return events.filter(({ act, object }) => act === 'job.finish' && object === `job:${id}`)
}

const WAYS: readonly (readonly [what: string, actor: string, end: (job: Started) => Promise<Answer>])[] = [
  [
    'finished by its launcher',
    'service:launcher.internal',
    ({ id }) => service.post(`/v1/jobs/${id}/finish`, undefined, launcher),
  ],
  [
    'of a member who leaves',
    'member:vision__owner',
    ({ user }) => service.send({ method: 'DELETE', path: `/v1/projects/vision/members/${user}` }, owner),
  ],
  [
    'of a user who is blocked',
    'admin:',
    ({ user }) => service.post(`/v1/users/${user}/block`, undefined, service.admin),
  ],
]

describe.each(WAYS)('a job %s', (_, actor, end) => {
  test('has ended then, and is audited once', async () => {
    const job = await start()
    clock.pass(LIFETIME_SECONDS - 2)
    const now = clock.now().toISOString()
    const answer = expectStatus(await end(job), 200)
    expect(await jobOf(job.id)).toMatchObject({ status: 'finished', finishedAt: now })
    expect(await finishesOf(job.id)).toEqual([
      expect.objectContaining({
        at: now,
        actor: expect.stringContaining(actor) as string,
        requestId: answer.headers['x-request-id'],
        details: { project: 'vision', user: job.user, ended: now },
      }),
    ])
  })

  test('whose time was over has ended at its end', async () => {
    const job = await start()
    clock.pass(LIFETIME_SECONDS + 60)
    expectStatus(await end(job), 200)
    expect(await jobOf(job.id)).toMatchObject({ status: 'finished', finishedAt: job.endsAt })
    expect(await finishesOf(job.id)).toMatchObject([{ at: clock.now().toISOString(), details: { ended: job.endsAt } }])
  })
})
