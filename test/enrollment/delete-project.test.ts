// The end of a project: who may, and that nothing of its members is left, in the answer's own moment. AA5, AA7, rules 1, 18
// and 34.
import { beforeAll, expect, test, vi } from 'vitest'
import { parseCrl } from '../../src/x509/crl.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, type TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

onBothStores(
  'a project that is deleted',
  () => ({}),
  (running) => {
    let service: TestService
    let launcher: Certified
    let bystander: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      bystander = await service.addProject('other', 'bystander')
      launcher = await service.addService('launcher.internal')
      await service.addService('model.internal')
    })

    const remove = (
      name: string,
      by: ClientIdentity | undefined = service.admin,
      headers: Record<string, string> = {},
    ): Promise<Answer> => service.send({ method: 'DELETE', path: `/v1/projects/${name}`, headers }, by)
    const fresh = async () => {
      count += 1
      const name = `p${String(count)}`
      const owner = await service.addProject(name, `owner${String(count)}`)
      const projects = ['other', name]
      const body = { systemUser: 'svc', roles: ['launcher'], projects }
      expectStatus(await service.put('/v1/services/launcher.internal', body, service.admin), 200)
      return { name, owner, member: (user: string) => service.addMember(name, `${user}${String(count)}`, owner) }
    }
    const startJob = async (project: string, user: string): Promise<Certified & { readonly id: string }> => {
      const made = await makeCsr()
      const answer = await service.post('/v1/jobs', { project, user, csr: made.pem }, launcher)
      const { json } = expectStatus(answer, 201)
      const inside = json['certificate'] as Record<string, unknown>
      const certificate = `${String(inside['certificate'])}${String(inside['chain'])}`
      return { id: String(json['id']), serial: String(inside['serial']), answer: inside, certificate, key: made.key }
    }
    const certificate = async ({ serial }: Certified): Promise<Record<string, unknown>> =>
      (await service.get(`/v1/certificates/${serial}`, service.admin)).json
    const revoke = async ({ serial }: Certified, reason: string): Promise<Answer> =>
      expectStatus(await service.post(`/v1/certificates/${serial}/revoke`, { reason }, service.admin), 200)
    const buy = async (audience: string, by: ClientIdentity): Promise<unknown> =>
      expectStatus(await service.post('/v1/tokens', { audience }, by), 201).json['access_token']
    const isActive = async (token: unknown): Promise<unknown> =>
      (await service.post('/v1/tokens/introspect', { token }, service.admin)).json['active']
    const ENDED = { status: 'revoked', reason: 'cessationOfOperation' }

    test.each([
      ['nobody', 401, 'unauthenticated'],
      ['its owner', 403, 'not_permitted'],
      ['the owner of another', 403, 'not_permitted'],
      ['a service', 403, 'not_permitted'],
    ])('AA7: is not deleted by %s', async (asker, status, code) => {
      const { name, owner } = await fresh()
      const by = new Map<string, ClientIdentity>([
        ['its owner', owner],
        ['the owner of another', bystander],
        ['a service', launcher],
      ]).get(asker)
      const asked = () => service.send({ method: 'DELETE', path: `/v1/projects/${name}` }, by)
      expect(known(await leavesNothing(service, asked))).toEqual({ status, code })
      expectStatus(await service.get('/v1/me', owner), 200)
    })

    test.each([
      ['unknown', 'never', 404, 'project_unknown'],
      ['in another letter case', 'OTHER', 404, 'project_unknown'],
      ['of no name', 'a__b', 400, 'name_rejected'],
      ['of a pattern', 'o%25', 400, 'name_rejected'],
    ])('%s is refused', async (_, name, status, code) => {
      expect(known(await leavesNothing(service, () => remove(name)))).toEqual({ status, code })
      expectStatus(await service.get('/v1/me', bystander), 200)
    })

    test('is deleted once, and answered again to the same Idempotency-Key', async () => {
      const { name } = await fresh()
      const headers = { 'idempotency-key': `delete-${name}` }
      const first = expectStatus(await remove(name, service.admin, headers), 200)
      expect(first.json).toMatchObject({ name, status: 'deleted' })
      const again = await leavesNothing(service, () => remove(name, service.admin, headers))
      expect(expectStatus(again, 200).json).toEqual(first.json)
      expect(known(await leavesNothing(service, () => remove(name)))).toEqual({ status: 404, code: 'project_unknown' })
    })

    test('AA5: revokes what members and jobs hold, and nothing else', async () => {
      const { name, owner, member } = await fresh()
      const [alice, held] = [await member('alice'), await member('held')]
      const [job, otherJob] = [await startJob(name, `alice${String(count)}`), await startJob('other', 'bystander')]
      const past = await member('past')
      await revoke(past, 'superseded')
      await revoke(held, 'certificateHold')
      const heldSince = (await certificate(held))['revokedAt']
      const tokens = [await buy('model.internal', alice), await buy('model.internal', job)]
      const kept = [await buy('model.internal', bystander), await buy('model.internal', otherJob)]

      expectStatus(await remove(name), 200)

      for (const each of [owner, alice, job]) {
        expect(await certificate(each)).toMatchObject(ENDED)
        expect(known(await service.get('/v1/me', each))).toEqual({ status: 401, code: 'client_certificate_refused' })
      }
      // Rule 34: a hold keeps its first date, and what was revoked its reason.
      expect(await certificate(held)).toMatchObject({ ...ENDED, revokedAt: heldSince })
      expect(await certificate(past)).toMatchObject({ status: 'revoked', reason: 'superseded' })
      for (const token of tokens) expect(await isActive(token)).toBe(false)

      for (const each of [bystander, otherJob]) {
        expect(await certificate(each)).toMatchObject({ status: 'good' })
        expectStatus(await service.get('/v1/me', each), 200)
      }
      for (const token of kept) expect(await isActive(token)).toBe(true)
      const jobs = (await service.get('/v1/jobs?limit=1000', launcher)).json['jobs'] as { id: string; status: string }[]
      expect(jobs.find(({ id }) => id === job.id)?.status).toBe('finished')
      expect(jobs.find(({ id }) => id === otherJob.id)?.status).toBe('active')
    })

    test('AA5: revokes what its members hold in the name of others', async () => {
      const { name, owner } = await fresh()
      const mayAct = `${name}__owner${String(count)}`
      const asked = { audience: service.url, mayAct }
      const word = expectStatus(await service.post('/v1/tokens', asked, bystander), 201).json['access_token']
      const body = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: String(word),
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        audience: 'model.internal',
      }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const exchange = { method: 'POST', path: '/v1/tokens/exchange', body, headers } as const
      const token = expectStatus(await service.send(exchange, owner), 200).json['access_token']
      expect(await isActive(token)).toBe(true)
      expectStatus(await remove(name), 200)
      expect([await isActive(token), await isActive(word)]).toEqual([false, true])
    })

    test("its members' other memberships stay", async () => {
      const { name, owner } = await fresh()
      const user = `owner${String(count)}`
      expectStatus(await service.put(`/v1/projects/other/members/${user}`, { role: 'scientist' }, bystander), 201)
      const elsewhere = await service.enrol('other', user, bystander)
      expectStatus(await remove(name), 200)
      expectStatus(await service.get('/v1/me', elsewhere), 200)
      expect(known(await service.get('/v1/me', owner))).toMatchObject({ status: 401 })
    })

    test('its enrolment tokens are void', async () => {
      const { name, owner } = await fresh()
      const user = `late${String(count)}`
      await service.addUser(user)
      expectStatus(await service.put(`/v1/projects/${name}/members/${user}`, { role: 'scientist' }, owner), 201)
      const enrolmentToken = await service.enrolmentToken(name, user, service.admin)
      expectStatus(await remove(name), 200)
      const path = `/v1/projects/${name}/members/${user}/certificates`
      const enrolling = async () => service.post(path, { csr: (await makeCsr()).pem, enrolmentToken })
      const refused = await leavesNothing(service, enrolling)
      expect([401, 404]).toContain(refused.status)
    })

    test('rule 1: its name stays taken, in every letter case', async () => {
      const { name } = await fresh()
      expectStatus(await remove(name), 200)
      for (const again of [name, name.toUpperCase()]) {
        const asked = () => service.post('/v1/projects', { name: again, owner: 'bystander' }, service.admin)
        expect(known(await leavesNothing(service, asked))).toEqual({ status: 409, code: 'name_taken' })
      }
    })

    test('nobody joins, enrols, starts a job or is let in any more', async () => {
      const { name, owner } = await fresh()
      expectStatus(await remove(name), 200)
      const csr = (await makeCsr()).pem
      const user = `owner${String(count)}`
      const member = `/v1/projects/${name}/members`
      const asked: readonly [() => Promise<Answer>, number, string][] = [
        [() => service.put(`${member}/bystander`, { role: 'owner' }, service.admin), 404, 'project_unknown'],
        [() => service.post(`${member}/${user}/enrolment`, undefined, service.admin), 404, 'member_unknown'],
        [() => service.post('/v1/jobs', { project: name, user, csr }, launcher), 404, 'member_unknown'],
        [() => service.get(member, owner), 401, 'client_certificate_refused'],
      ]
      for (const [act, status, code] of asked) {
        expect(known(await leavesNothing(service, act))).toEqual({ status, code })
      }
    })

    test('its deployments are gone, and their hosts free', async () => {
      const { name, owner } = await fresh()
      const host = `${name}.models.internal`
      await service.addDeployment(name, {
        project: name,
        host,
        service: 'model.internal',
        serviceCallers: ['launcher.internal'],
      })
      await service.addDeployment(`${name}-other`, {
        project: 'other',
        host: `other-${host}`,
        service: 'model.internal',
      })
      const may = async (where: object, as: string, by: ClientIdentity) =>
        (await service.post('/v1/authorize', { actingUser: as, ...where }, by)).json['reason']
      expect(await may({ deployment: name }, `${name}__owner${String(count)}`, owner)).toBe('ALLOWED')
      expect(await may({ deployment: name }, 'svc', launcher)).toBe('ALLOWED')
      expectStatus(await remove(name), 200)
      const after = async () => [
        await may({ host }, 'svc', launcher),
        await may({ deployment: name }, 'svc', launcher),
        await may({ deployment: `${name}-other` }, 'other__bystander', bystander),
      ]
      expect(await after()).toEqual(['ROUTE_UNKNOWN', 'ROUTE_UNKNOWN', 'ALLOWED'])
      await service.stop()
      await service.restart()
      expect(await after()).toEqual(['ROUTE_UNKNOWN', 'ROUTE_UNKNOWN', 'ALLOWED'])
      expect(known(await service.get('/v1/me', owner))).toMatchObject({ status: 401 })
      const put = { project: 'other', host, service: 'model.internal' }
      expectStatus(await service.put(`/v1/deployments/${name}-again`, put, bystander), 200)
    })

    test('one CRL carries all of it', async () => {
      const { name, owner, member } = await fresh()
      const all = [owner, await member('one'), await member('two'), await startJob(name, `owner${String(count)}`)]
      const listed = async (): Promise<string[]> => {
        const { entries } = parseCrl((await service.get('/pki/crl/users-1.crl')).bytes)
        return all.map(({ serial }) => serial).filter((serial) => entries.has(serial))
      }
      expect(await listed()).toEqual([])
      expectStatus(await remove(name), 200)
      // The first that lists one of them lists all.
      const found = await vi.waitUntil(
        async () => {
          const some = await listed()
          return some.length > 0 && some
        },
        { timeout: 10_000, interval: 5 },
      )
      expect(found).toEqual(all.map(({ serial }) => serial))
    })

    test('says in the audit record what ended', async () => {
      const { name, owner } = await fresh()
      expectStatus(await remove(name), 200)
      const { json } = await service.get('/v1/audit?limit=20', service.admin)
      const events = (json['events'] as { act: string; object: string; details: unknown }[]).filter(
        ({ act }) => act !== 'crl.publish',
      )
      expect(events.slice(0, 2)).toMatchObject([
        {
          act: 'project.delete',
          object: `project:${name}`,
          details: { members: 1, jobs: 0, certificates: 1, tokens: 0 },
        },
        {
          act: 'certificate.revoke',
          object: `certificate:${owner.serial}`,
          details: { reason: 'cessationOfOperation' },
        },
      ])
    })

    test('what was signed for a member before the end is thrown away or revoked', async () => {
      const { name, owner } = await fresh()
      const path = `/v1/projects/${name}/members/owner${String(count)}/certificates`
      const made = await Promise.all(Array.from({ length: 8 }, () => makeCsr()))
      const [deleted, ...issued] = await Promise.all([
        remove(name),
        ...made.map(({ pem }) => service.post(path, { csr: pem }, owner)),
      ])
      expect(deleted.status).toBe(200)
      for (const [index, answer] of issued.entries()) {
        if (answer.status !== 201) continue
        const of = made[index]
        if (of !== undefined) expect(await certificate(certified(answer, of))).toMatchObject(ENDED)
      }
    })
  },
)

let clock: StillClock
const withClock = () => ({ clock: (clock = new StillClock()) })

onBothStores('a job whose project is deleted', withClock, (running) => {
  const LIFETIME_SECONDS = 600

  test.each([
    ['in its last second', 'ended-then', LIFETIME_SECONDS - 1, 'now'],
    ['after its end', 'ended-before', LIFETIME_SECONDS + 60, 'its end'],
  ])('has ended, once, when it was deleted %s', async (_, name, seconds, ended) => {
    const service = running()
    const project = name.replace('-', '_')
    await service.addProject(project, `owner-of-${name}`)
    const launcher = await service.addService(`${name}.internal`, { roles: ['launcher'], projects: [project] })
    const csr = (await makeCsr()).pem
    const body = { project, user: `owner-of-${name}`, csr, lifetimeSeconds: LIFETIME_SECONDS }
    const { id } = expectStatus(await service.post('/v1/jobs', body, launcher), 201).json
    const job = async () => ((await service.get('/v1/jobs', launcher)).json['jobs'] as Record<string, unknown>[])[0]
    const endsAt = (await job())?.['endsAt']
    clock.pass(seconds)

    const answer = await service.send({ method: 'DELETE', path: `/v1/projects/${project}` }, service.admin)

    expectStatus(answer, 200)
    const finishedAt = ended === 'now' ? clock.now().toISOString() : endsAt
    expect(await job()).toMatchObject({ id, status: 'finished', finishedAt })
    const { events } = (await service.get('/v1/audit?limit=1000', service.admin)).json
    const finishes = (events as Record<string, unknown>[]).filter(
      ({ act, object }) => act === 'job.finish' && object === `job:${String(id)}`,
    )
    expect(finishes).toMatchObject([{ actor: 'admin:root-admin', at: clock.now().toISOString() }])
    expect(finishes).toMatchObject([{ details: { project, ended: finishedAt } }])
  })
})
