// The end of a service: who may, and that nothing which hung on it is left, in the answer's own moment. Rules 1 and 18, AA5.
import { beforeAll, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, type TestService } from '../support/test-service.ts'

onBothStores(
  'a service that is removed',
  () => ({}),
  (running) => {
    let service: TestService
    let owner: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'owner')
    })

    const remove = (
      name: string,
      by: ClientIdentity | undefined = service.admin,
      headers: Record<string, string> = {},
    ): Promise<Answer> => service.send({ method: 'DELETE', path: `/v1/services/${name}`, headers }, by)
    const fresh = async (settings: Parameters<TestService['addService']>[1] = {}) => {
      count += 1
      const name = `s${String(count)}.internal`
      return { name, by: await service.addService(name, settings) }
    }
    const certificate = async (serial: unknown): Promise<unknown> => {
      const { json } = await service.get(`/v1/certificates/${String(serial)}`, service.admin)
      return { status: json['status'], reason: json['reason'] }
    }
    const isActive = async (token: unknown): Promise<unknown> =>
      (await service.post('/v1/tokens/introspect', { token }, service.admin)).json['active']
    const ENDED = { status: 'revoked', reason: 'cessationOfOperation' }

    test.each([
      ['nobody', undefined, 401, 'unauthenticated'],
      ['an owner', () => owner, 403, 'not_permitted'],
      ['itself', (itself: Certified) => itself, 403, 'not_permitted'],
    ] as const)('is not removed by %s', async (_, by, status, code) => {
      const { name, by: itself } = await fresh()
      const asked = () => service.send({ method: 'DELETE', path: `/v1/services/${name}` }, by?.(itself))
      expect(known(await leavesNothing(service, asked))).toEqual({ status, code })
      expectStatus(await service.get('/v1/me', itself), 200)
    })

    test.each([
      ['unknown', 'never.internal', 404, 'service_unknown'],
      ['of no name', 'a__b', 400, 'name_rejected'],
      ['of two segments', 'a.internal%2Fb', 400, 'name_rejected'],
    ])('%s is refused', async (_, name, status, code) => {
      expect(known(await leavesNothing(service, () => remove(name)))).toEqual({ status, code })
    })

    test('is removed once', async () => {
      const { name } = await fresh()
      expect(expectStatus(await remove(name), 200).json).toMatchObject({ name, status: 'deleted' })
      expect(known(await leavesNothing(service, () => remove(name)))).toEqual({ status: 404, code: 'service_unknown' })
    })

    test('is answered again to the same Idempotency-Key, and refused to whoever may not', async () => {
      const { name } = await fresh()
      const headers = { 'idempotency-key': `remove ${name}`.replace(' ', '-') }
      const first = expectStatus(await remove(name, service.admin, headers), 200)
      const again = await leavesNothing(service, () => remove(name, service.admin, headers))
      expect({ status: again.status, json: again.json }).toEqual({ status: 200, json: first.json })
      expect(known(await remove(name, owner, headers))).toEqual({ status: 403, code: 'not_permitted' })
    })

    test('AA5: has no certificate, token or enrolment token any more', async () => {
      const { name, by } = await fresh()
      const made = await makeCsr()
      const path = `/v1/services/${name}/certificates`
      const second = certified(await service.post(path, { csr: made.pem }, by), made)
      const token = expectStatus(await service.post('/v1/tokens', { audience: name }, by), 201).json['access_token']
      const enrolment = expectStatus(
        await service.post(`/v1/services/${name}/enrolment`, undefined, service.admin),
        201,
      )
      expect(await isActive(token)).toBe(true)

      expectStatus(await remove(name), 200)

      for (const each of [by, second]) {
        expect(await certificate(each.serial)).toEqual(ENDED)
        expect(known(await service.get('/v1/me', each))).toEqual({ status: 401, code: 'client_certificate_refused' })
      }
      expect(await isActive(token)).toBe(false)
      const enrolling = async () =>
        service.post(path, { csr: (await makeCsr()).pem, enrolmentToken: enrolment.json['token'] })
      expect((await leavesNothing(service, enrolling)).status).toBeGreaterThanOrEqual(400)
    })

    test('takes no certificate, enrolment token or audience again', async () => {
      const { name } = await fresh()
      expectStatus(await remove(name), 200)
      const csr = (await makeCsr()).pem
      for (const [path, body] of [
        [`/v1/services/${name}/certificates`, { csr }],
        [`/v1/services/${name}/enrolment`, undefined],
      ] as const) {
        const refused = await leavesNothing(service, () => service.post(path, body, service.admin))
        expect({ path, ...known(refused) }).toEqual({ path, status: 404, code: 'service_unknown' })
      }
      const audience = await leavesNothing(service, () => service.post('/v1/tokens', { audience: name }, owner))
      expect(known(audience)).toEqual({ status: 400, code: 'token_audience_unknown' })
    })

    test('rule 1: leaves its name and its DNS names taken', async () => {
      const alias = `alias-${String(count)}.internal`
      const { name } = await fresh({ dnsNames: [alias] })
      expectStatus(await remove(name), 200)
      for (const [path, body] of [
        [`/v1/services/${name}`, {}],
        [`/v1/services/${alias}`, {}],
        ['/v1/services/heir.internal', { dnsNames: [alias] }],
        ['/v1/services/heir.internal', { dnsNames: [name] }],
      ] as const) {
        const asked = () => service.put(path, { systemUser: 'svc', ...body }, service.admin)
        expect({ path, ...known(await leavesNothing(service, asked)) }).toEqual({
          path,
          status: 409,
          code: 'name_taken',
        })
      }
    })

    test('ends the jobs that it launched, and no others', async () => {
      const settings = { roles: ['launcher'], projects: ['vision'] }
      const [{ name, by }, other] = [await fresh(settings), await fresh(settings)]
      const start = async (launcher: Certified) => {
        const made = await makeCsr()
        const body = { project: 'vision', user: 'owner', csr: made.pem }
        const { json } = expectStatus(await service.post('/v1/jobs', body, launcher), 201)
        const answer = json['certificate'] as Record<string, unknown>
        const identity = { certificate: `${String(answer['certificate'])}${String(answer['chain'])}`, key: made.key }
        return { id: String(json['id']), serial: answer['serial'], identity }
      }
      const [ended, running] = [await start(by), await start(other.by)]
      const token = expectStatus(await service.post('/v1/tokens', { audience: other.name }, ended.identity), 201)
      expectStatus(await remove(name), 200)
      expect(await certificate(ended.serial)).toEqual(ENDED)
      expect(await isActive(token.json['access_token'])).toBe(false)
      expect(known(await service.get('/v1/me', ended.identity))).toMatchObject({ status: 401 })
      expect(await certificate(running.serial)).toMatchObject({ status: 'good' })
      expectStatus(await service.get('/v1/me', running.identity), 200)
      expect((await service.get('/v1/jobs', other.by)).json['jobs']).toMatchObject([{ status: 'active' }])
    })

    test('leaves its deployments unserved, and their hosts free', async () => {
      const [{ name }, heir] = [await fresh(), await fresh()]
      const deployment = `d${String(count)}`
      const host = `${deployment}.models.internal`
      await service.addDeployment(deployment, { project: 'vision', host, service: name })
      await service.addDeployment(`${deployment}-kept`, {
        project: 'vision',
        host: 'kept.internal',
        service: heir.name,
      })
      const may = async (where: object) =>
        (await service.post('/v1/authorize', { actingUser: 'vision__owner', ...where }, owner)).json['reason']
      expect(await may({ deployment })).toBe('ALLOWED')
      expectStatus(await remove(name), 200)
      expect(await may({ deployment })).toBe('ROUTE_UNKNOWN')
      expect(await may({ host })).toBe('ROUTE_UNKNOWN')
      expect(await may({ deployment: `${deployment}-kept` })).toBe('ALLOWED')

      await service.stop()
      await service.restart()
      expect(await may({ deployment })).toBe('ROUTE_UNKNOWN')

      const put = (served: string) =>
        service.put(`/v1/deployments/${deployment}`, { project: 'vision', host, service: served }, owner)
      expect(known(await leavesNothing(service, () => put(name)))).toEqual({ status: 404, code: 'service_unknown' })
      expectStatus(await put(heir.name), 200)
      expect(await may({ host })).toBe('ALLOWED')
    })

    test('says in the audit record what ended', async () => {
      const { name, by } = await fresh()
      await service.addDeployment('audited', { project: 'vision', host: 'audited.internal', service: name })
      expectStatus(await remove(name), 200)
      const { json } = await service.get('/v1/audit?limit=20', service.admin)
      const events = (json['events'] as { act: string; object: string; actor: string }[]).filter(
        ({ act }) => act !== 'crl.publish',
      )
      expect(events.slice(0, 3).map(({ act, object, actor }) => `${actor} ${act} ${object}`)).toEqual([
        `admin:root-admin service.remove service:${name}`,
        'admin:root-admin deployment.delete deployment:audited',
        `admin:root-admin certificate.revoke certificate:${by.serial}`,
      ])
    })
  },
)
