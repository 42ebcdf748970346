// A job whose launcher never finished it: it is closed as of its end, once, by the system.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { finishEndedJobs } from '../../src/enrollment/finish-ended-jobs.ts'
import { actContext, NOBODY, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import { makeCsr } from '../support/csr.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

const clock = new StillClock()
let service: TestService
let launcher: Certified
let opened: OpenInstallation

beforeAll(async () => {
  service = await TestService.start({ clock })
  await service.addProject('vision', 'owner')
  launcher = await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision'] })
  opened = await openInstallation(service.configuration, NOBODY, clock)
})
afterAll(async () => {
  await opened.storage.close()
  await service.close()
})

test('is finished at its end, audited, and only then', async () => {
  const body = { project: 'vision', user: 'owner', csr: (await makeCsr()).pem, lifetimeSeconds: 600 }
  const id = String(expectStatus(await service.post('/v1/jobs', body, launcher), 201).json['id'])
  const list = async (state: string) => (await service.get(`/v1/jobs?state=${state}`, launcher)).json['jobs']
  const listed = expect.objectContaining({ id }) as unknown
  expect(await list('active')).toEqual([listed])
  const context = actContext(opened)
  const job = await opened.storage.run((tx) => tx.job(id, 'none'))
  if (job?.endsAt === undefined) throw new Error('the job is not recorded, or has no end')
  const { endsAt } = job

  clock.set(new Date(endsAt.getTime() - 1))
  expect(await finishEndedJobs(context)).toBe(0)
  clock.set(endsAt)
  // Also before it is closed, the list says so.
  const ended = { id, status: 'finished', finishedAt: endsAt.toISOString() }
  expect([await list('active'), await list('finished')]).toEqual([[], [expect.objectContaining(ended)]])

  clock.pass(60)
  expect([await finishEndedJobs(context), await finishEndedJobs(context)]).toEqual([1, 0])
  expect(await opened.storage.run((tx) => tx.job(id, 'none'))).toEqual({
    ...job,
    status: 'finished',
    finishedAt: endsAt,
  })
  const { items } = await opened.storage.read((view) => view.listAudit({ limit: 5 }))
  expect(items).toContainEqual(
    expect.objectContaining({ act: 'job.finish', object: `job:${id}`, actor: 'system', at: clock.now() }),
  )
})
