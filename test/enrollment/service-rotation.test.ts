// Services: who answers for them, their names, and the rotation of their keys, over the running service on both stores.
import { beforeAll, describe, expect, test } from 'vitest'
import { SettableClock } from '../http/settable-clock.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus } from '../support/test-service.ts'

const WEEK = 604_800

let clock: SettableClock

interface Shown {
  readonly current?: string
  readonly lastRotation?: string
  readonly nextRotation?: string
  readonly certificates: readonly {
    readonly serial: string
    readonly isDue: boolean
    readonly rotateAt?: string
    readonly replacedBy?: string
    readonly lastSeenAt?: string
  }[]
}

onBothStores(
  'services',
  () => {
    clock = new SettableClock()
    return { clock }
  },
  (service) => {
    let owner: Certified
    let scientist: Certified
    let stranger: Certified
    let count = 0

    beforeAll(async () => {
      owner = await service().addProject('vision', 'owner')
      scientist = await service().addMember('vision', 'scientist', owner)
      stranger = await service().addProject('fraud', 'stranger')
    })

    const fresh = (): string => `m${String((count += 1))}.internal`
    const put = (name: string, body: object, by: ClientIdentity = service().admin) =>
      service().put(`/v1/services/${name}`, { systemUser: 'svc', ...body }, by)
    /** With a certificate. */
    const added = async (body: object = {}): Promise<Certified & { readonly name: string }> => {
      const name = fresh()
      expectStatus(await put(name, body), 200)
      const csr = await makeCsr()
      const path = `/v1/services/${name}/certificates`
      return { ...certified(await service().post(path, { csr: csr.pem }, service().admin), csr), name }
    }
    const shown = async (name: string, by: ClientIdentity = service().admin): Promise<Shown> =>
      expectStatus(await service().get(`/v1/services/${name}`, by), 200).json as unknown as Shown
    const rotate = (name: string, by?: ClientIdentity) => service().post(`/v1/services/${name}/rotate`, undefined, by)
    const rekeyed = async (by: ClientIdentity): Promise<Certified> => {
      const csr = await makeCsr()
      return certified(await service().post('/v1/certificates/rekey', { csr: csr.pem }, by), csr)
    }
    const certificateOf = ({ certificates }: Shown, serial: string) =>
      certificates.find((each) => each.serial === serial)

    describe('names', () => {
      const label = 'a'.repeat(50)
      test.each([
        ['of 65 characters', `${label}.${'b'.repeat(5)}.internal`],
        ['with a wildcard', '*.internal'],
        ['in upper case', 'Model.internal'],
        ['with a dot at its end', 'model.internal.'],
        ['that is reserved', 'localhost'],
        ['outside the zones', 'model.example.org'],
        ['that is an address', '127.0.0.1'],
      ])('rule 3: a service name %s is refused when it is added', async (_, name) => {
        expect((await leavesNothing(service(), () => put(name, {}))).status).toBe(400)
      })

      test('rule 3: a service name of 64 characters is good', async () => {
        const name = `${label}.${'b'.repeat(4)}.internal`
        expect(name).toHaveLength(64)
        expect((await put(name, {})).status).toBe(200)
      })

      test('rule 3: a DNS name belongs to one service, also when that one is gone', async () => {
        const [one, shared] = [await added(), fresh()]
        expectStatus(await put(one.name, { dnsNames: [shared] }), 200)
        const taken = { status: 409, code: 'name_taken' }
        expect(known(await leavesNothing(service(), () => put(fresh(), { dnsNames: [shared] })))).toEqual(taken)
        expect(known(await leavesNothing(service(), () => put(shared, {})))).toEqual(taken)
        const gone = await service().send({ method: 'DELETE', path: `/v1/services/${one.name}` }, service().admin)
        expectStatus(gone, 200)
        expect(known(await leavesNothing(service(), () => put(shared, {})))).toEqual(taken)
      })

      test.each([['*.internal'], ['localhost'], ['model.example.org']])(
        'rule 3: %s is refused as a further DNS name',
        async (name) => {
          expect((await leavesNothing(service(), () => put(fresh(), { dnsNames: [name] }))).status).toBe(400)
        },
      )

      test('rule 3: an enrolment token of a service buys its certificate, once', async () => {
        const { name } = await added()
        const made = await service().post(`/v1/services/${name}/enrolment`, undefined, service().admin)
        const enrolmentToken = expectStatus(made, 201).json['token']
        const ask = async () =>
          service().post(`/v1/services/${name}/certificates`, { csr: (await makeCsr()).pem, enrolmentToken })
        expect((await ask()).status).toBe(201)
        expect(known(await leavesNothing(service(), ask))).toEqual({ status: 401, code: 'enrolment_token_invalid' })
      })
    })

    describe('who answers for it', () => {
      test.each(['user:owner', 'project:vision'])('%s is stored and shown', async (text) => {
        const { name } = await added({ owner: text })
        const answer = await service().get(`/v1/services/${name}`, service().admin)
        expect(answer.json['owner']).toBe(text)
      })

      test.each([
        ['user:nobody', 404, 'user_unknown'],
        ['project:nothing', 404, 'project_unknown'],
        ['owner', 400, 'name_rejected'],
        ['group:all', 400, 'name_rejected'],
        ['user:a:b', 400, 'name_rejected'],
      ] as const)('%s is refused', async (text, status, code) => {
        const answer = await leavesNothing(service(), () => put(fresh(), { owner: text }))
        expect(known(answer)).toEqual({ status, code })
      })
    })

    describe('rotation', () => {
      test('rule 13: is asked for by an administrator, the service, and owners of the project that answers for it', async () => {
        const one = await added({ owner: 'project:vision' })
        const other = await added()
        for (const by of [service().admin, one, owner]) expect((await rotate(one.name, by)).status).toBe(200)
        for (const by of [scientist, stranger, other]) {
          const refused = await leavesNothing(service(), () => rotate(one.name, by))
          expect(known(refused)).toEqual({ status: 403, code: 'not_permitted' })
          expect(known(await service().get(`/v1/services/${one.name}`, by))).toEqual(known(refused))
        }
        expect(known(await leavesNothing(service(), () => rotate(other.name, owner))).code).toBe('not_permitted')
        expect(known(await leavesNothing(service(), () => rotate(one.name))).code).toBe('unauthenticated')
        expect(known(await leavesNothing(service(), () => rotate(fresh(), owner))).code).toBe('not_permitted')
        expect(known(await leavesNothing(service(), () => rotate(fresh(), service().admin))).code).toBe(
          'service_unknown',
        )
      })

      test('AA5: on request makes the key due, revokes nothing, and is over with a rekey; a renewal does not do', async () => {
        const one = await added()
        expect(await shown(one.name)).toMatchObject({ current: one.serial, certificates: [{ isDue: false }] })
        clock.pass(1)
        expectStatus(await rotate(one.name, service().admin), 200)
        expect(certificateOf(await shown(one.name, one), one.serial)).toMatchObject({ isDue: true })
        const { json } = expectStatus(await service().post('/v1/certificates/renew', {}, one), 201)
        expect(certificateOf(await shown(one.name), String(json['serial']))).toMatchObject({ isDue: true })
        const next = await rekeyed(one)
        const after = await shown(one.name)
        expect(after.current).toBe(next.serial)
        expect(after.certificates.map(({ isDue }) => isDue)).toEqual([false, false, false])
        expect(certificateOf(after, one.serial)).toMatchObject({ replacedBy: next.serial })
        expect((await service().get('/v1/me', one)).status).toBe(200)
      })

      test('AA5: in an interval counts from the first certificate of the key', async () => {
        const one = await added({ rotateEverySeconds: WEEK })
        const before = await shown(one.name)
        expect(new Date(before.nextRotation ?? '').getTime() - new Date(before.lastRotation ?? '').getTime()).toBe(
          WEEK * 1000,
        )
        const { json } = expectStatus(await service().post('/v1/certificates/renew', {}, one), 201)
        const renewed = certificateOf(await shown(one.name), String(json['serial']))
        expect(renewed?.rotateAt).toBe(before.nextRotation)
      })

      test.each([299, 31_536_001, 1.5])('an interval of %s seconds is refused', async (rotateEverySeconds) => {
        const answer = await leavesNothing(service(), () => put(fresh(), { rotateEverySeconds }))
        expect(known(answer)).toEqual({ status: 400, code: 'body_rejected' })
      })

      test('lesson 6: a rotation has several certificates per subject; who was seen with the old one is told', async () => {
        const one = await added()
        const next = await rekeyed(one)
        clock.pass(5)
        const at = clock.now().getTime()
        expectStatus(await service().get('/v1/me', one), 200)
        const seen = new Date(certificateOf(await shown(one.name), one.serial)?.lastSeenAt ?? '')
        expect(seen.getTime()).toBeGreaterThanOrEqual(at)
        expect(certificateOf(await shown(one.name), next.serial)?.lastSeenAt).toBeUndefined()
      })

      test('is repeated with the settings of the service kept', async () => {
        const one = await added()
        expectStatus(await rotate(one.name, service().admin), 200)
        const answer = expectStatus(await put(one.name, { owner: 'user:owner' }), 200)
        expect(answer.json['rotationAskedAt']).toBeDefined()
      })
    })
  },
)
