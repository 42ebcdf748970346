// Leases of jobs on both stores: who keeps them, what ends with them, and what does not count (rule 25). The running service
// never sets the lease clock here (its grace is an hour); a second process, whose time a test lets pass, does.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { addSeconds, type Clock } from '../../src/domain/clock.ts'
import type { ActContext } from '../../src/enrollment/act-context.ts'
import { JobLeases, type LeaseReport } from '../../src/enrollment/job-leases.ts'
import { actContext, NOBODY, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import { type Certified, certified, expectStatus } from '../support/test-service.ts'

class StepClock implements Clock {
  #milliseconds = 0
  #aheadSeconds = 0

  now(): Date {
    return addSeconds(new Date(), this.#aheadSeconds)
  }

  monotonicMilliseconds(): number {
    return this.#milliseconds
  }

  pass(milliseconds: number): void {
    this.#milliseconds += milliseconds
  }

  setWall(aheadSeconds: number): void {
    this.#aheadSeconds = aheadSeconds
  }
}

const LEASE = 10
const policyFolder = mkdtempSync(join(tmpdir(), 'signet-policy-'))
cpSync(new URL('../../ca', import.meta.url).pathname, policyFolder, { recursive: true })
const credentials = join(policyFolder, 'credentials.json')
const text = readFileSync(credentials, 'utf8')
writeFileSync(credentials, text.replace(/("graceSeconds": \{\s*"value": )15/, '$13600'))
afterAll(() => rmSync(policyFolder, { recursive: true, force: true }))

onBothStores(
  'leases',
  () => ({ flags: { policyFolder } }),
  (service) => {
    const clock = new StepClock()
    let opened: OpenInstallation
    let context: ActContext
    let leases: JobLeases
    let launcher: Certified
    let owner: Certified

    beforeAll(async () => {
      owner = await service().addProject('vision', 'alice')
      launcher = await service().addService('hub.internal', { roles: ['launcher'], projects: ['vision'] })
      await service().addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'hub.internal' })
      opened = await openInstallation(service().configuration, NOBODY, clock)
      const own = actContext(opened)
      const { credentials } = own.policy
      const policy = { ...own.policy, credentials: { ...credentials, job: { ...credentials.job, graceSeconds: 15 } } }
      context = { ...own, policy }
    })
    afterAll(() => opened.storage.close())
    beforeEach(async () => {
      clock.setWall(0)
      leases = new JobLeases(context)
      await walk(16)
    })

    interface Started {
      readonly id: string
      readonly identity: Certified
      readonly token: string
    }

    async function start(more: object = {}): Promise<Started> {
      const made = await makeCsr()
      const body = { project: 'vision', user: 'alice', csr: made.pem, leaseSeconds: LEASE, ...more }
      const answer = expectStatus(await service().post('/v1/jobs', body, launcher), 201)
      const { certificate, token } = answer.json as Record<string, Record<string, unknown>>
      const id = String(answer.json['id'])
      const identity = certified({ ...answer, json: certificate ?? {} }, made)
      return { id, identity, token: String(token?.['access_token']) }
    }

    /** Lets so many seconds pass, and looks once in each. */
    async function walk(seconds: number): Promise<LeaseReport> {
      let report = await leases.look()
      for (let second = 0; second < seconds; second += 1) {
        clock.pass(1000)
        report = await leases.look()
      }
      return report
    }

    const heartbeat = ({ id }: Started, by: ClientIdentity = launcher) =>
      service().post(`/v1/jobs/${id}/heartbeat`, undefined, by)
    const job = (id: string) => opened.storage.run((tx) => tx.job(id, 'none'))
    const finishAll = async (): Promise<void> => {
      const { jobs } = (await service().get('/v1/jobs?state=active&limit=1000', launcher)).json as {
        jobs: { id: string }[]
      }
      for (const { id } of jobs) expectStatus(await service().post(`/v1/jobs/${id}/finish`, undefined, launcher), 200)
    }

    test('AA5, AA12 a job that nobody keeps ends with its lease, and all that it holds with it', async () => {
      const started = await start({ token: { audience: 'resnet' } })
      await walk(LEASE)
      expect(await job(started.id)).toMatchObject({ status: 'active' })
      await walk(1)
      expect(await job(started.id)).toMatchObject({ status: 'finished' })
      const { serial } = started.identity
      const record = await service().get(`/v1/certificates/${serial}`, service().admin)
      expect(record.json).toMatchObject({ status: 'revoked', reason: 'cessationOfOperation' })
      await vi.waitFor(async () => {
        const shown = await service().get('/v1/me', started.identity)
        expect([shown.status, shown.code]).toEqual([401, 'client_certificate_refused'])
        const { json } = await service().post('/v1/tokens/introspect', { token: started.token }, service().admin)
        expect(json).toEqual({ active: false })
      }, 5000)
      const { items } = await opened.storage.read((view) => view.listAudit({ limit: 20 }))
      const event = { act: 'job.finish', object: `job:${started.id}`, actor: 'system' }
      expect(items).toContainEqual(expect.objectContaining(event))
    })

    test('rule 25: a heartbeat of the launcher or of the job itself keeps it', async () => {
      const started = await start({ kind: 'notebook' })
      for (const by of [launcher, started.identity]) {
        await walk(LEASE - 1)
        expectStatus(await heartbeat(started, by), 200)
      }
      await walk(LEASE)
      expect(await job(started.id)).toMatchObject({ status: 'active' })
      await walk(1)
      expect((await heartbeat(started)).code).toBe('job_finished')
    })

    test('rule 25: a heartbeat of anyone else keeps nothing', async () => {
      const [started, other] = [await start(), await start()]
      const stranger = await service().addService(`other-${String(Date.now())}.internal`, {
        roles: ['launcher'],
        projects: ['vision'],
      })
      for (const by of [owner, stranger, other.identity, service().admin]) {
        expect(await heartbeat(started, by)).toMatchObject({ status: 403, code: 'not_permitted' })
      }
      expect(await service().post('/v1/jobs/j00/heartbeat', undefined, launcher)).toMatchObject({ code: 'job_unknown' })
      await finishAll()
    })

    test('rule 25: time in which nothing could be accepted does not count, nor does the wall clock', async () => {
      const started = await start()
      await walk(LEASE - 1)
      clock.pass(3_600_000)
      clock.setWall(86_400)
      await walk(14)
      expect(await job(started.id)).toMatchObject({ status: 'active' })
      clock.setWall(-86_400)
      await walk(1)
      expect(await job(started.id)).toMatchObject({ status: 'active' })
      // A process that starts counts on from where the one before it stopped.
      leases = new JobLeases(context)
      await walk(14)
      expect(await job(started.id)).toMatchObject({ status: 'active' })
      await walk(2)
      expect(await job(started.id)).toMatchObject({ status: 'finished' })
    })

    test('rule 29: two processes that look at once end each lapsed job once', async () => {
      const second = await openInstallation(service().configuration, NOBODY, clock)
      try {
        const other = new JobLeases({ ...actContext(second), policy: context.policy })
        const jobs = await Promise.all(Array.from({ length: 6 }, () => start()))
        await other.look()
        await walk(LEASE)
        clock.pass(1000)
        const looks = await Promise.all([leases.look(), other.look(), leases.look(), other.look()])
        expect(looks.reduce((sum, { ended }) => sum + ended, 0)).toBe(6)
        const { items } = await opened.storage.read((view) => view.listAudit({ limit: 1000 }))
        for (const { id } of jobs) {
          expect(await job(id)).toMatchObject({ status: 'finished' })
          const ends = items.filter(({ act, object }) => act === 'job.finish' && object === `job:${id}`)
          expect(ends).toHaveLength(1)
        }
      } finally {
        await second.storage.close()
      }
    })

    test('rule 25: too many at once end when an administrator confirms it', async () => {
      const many = await Promise.all(Array.from({ length: 12 }, () => start({ token: { audience: service().url } })))
      const [first] = many
      if (first === undefined) throw new Error('twelve were started')
      expect(await walk(LEASE + 1)).toMatchObject({ isPaused: true, waiting: 12, ended: 0 })
      await vi.waitFor(async () => {
        const ready = await (await fetch(`${service().operationsUrl}/readyz`)).text()
        expect(ready).toContain('12 jobs wait for their end')
      }, 5000)
      // Nothing new for what may be dead.
      const path = `/v1/jobs/${first.id}/renew`
      const renewal = await service().post(path, { csr: (await makeCsr()).pem }, first.identity)
      expect(renewal).toMatchObject({ status: 409, code: 'job_lease_lapsed' })
      const exchange = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: first.token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        audience: 'resnet',
      })
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const form = { method: 'POST', path: '/v1/tokens/exchange', body: exchange.toString(), headers } as const
      expect(await service().send(form, first.identity)).toMatchObject({ status: 409, code: 'job_lease_lapsed' })
      expectStatus(await heartbeat(first), 200)
      expectStatus(await service().send(form, first.identity), 200)
      const confirm = (by: ClientIdentity) => service().post('/v1/jobs/leases/confirm', undefined, by)
      expect(await confirm(owner)).toMatchObject({ status: 403, code: 'not_permitted' })
      const overview = await service().get('/v1/jobs/leases', service().admin)
      expect(overview.json).toMatchObject({ active: 12, lapsed: 11, isPaused: true })
      const confirmed = await service().post('/v1/jobs/leases/confirm', undefined, service().admin)
      expect(expectStatus(confirmed, 200).json).toMatchObject({ isPaused: false })
      await walk(0)
      const stillThere = await Promise.all(many.map(async ({ id }) => (await job(id))?.status))
      expect(stillThere).toEqual(['active', ...Array.from({ length: 11 }, () => 'finished')])
      await finishAll()
    })

    test('rule 25: while ending is paused, a job ends with its certificate', async () => {
      const many = await Promise.all(Array.from({ length: 12 }, () => start()))
      expect(await walk(LEASE + 1)).toMatchObject({ isPaused: true, waiting: 12 })
      clock.setWall(3660)
      await walk(0)
      const states = await Promise.all(many.map(async ({ id }) => (await job(id))?.status))
      expect(states).toEqual(Array.from({ length: 12 }, () => 'finished'))
    })
  },
)
