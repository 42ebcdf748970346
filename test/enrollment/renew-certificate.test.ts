// Renewal and rekey by mutual TLS, and the end of what was replaced: over the running service, on both stores.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { parseCrl } from '../../src/x509/crl.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr, type MadeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus } from '../support/test-service.ts'

const OVERLAP_SECONDS = 3600
const CRL_WITHIN = { timeout: 15_000, interval: 50 }

let clock: SettableClock

onBothStores(
  'renew and rekey',
  () => {
    clock = new SettableClock()
    return { clock }
  },
  (service) => {
    let owner: Certified
    let launcher: Certified
    let count = 0

    beforeAll(async () => {
      owner = await service().addProject('vision', 'owner')
      launcher = await service().addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
    })

    const fresh = (): string => `n${String((count += 1))}`
    const newMember = (): Promise<Certified> => service().addMember('vision', fresh(), owner)
    const newService = (): Promise<Certified> => service().addService(`${fresh()}.internal`)
    const newAdmin = (): Promise<ClientIdentity> => Promise.resolve(service().admin)
    const newJob = async (lifetimeSeconds = 1800): Promise<Certified & { readonly id: string }> => {
      const made = await makeCsr()
      const body = { project: 'vision', user: 'owner', csr: made.pem, lifetimeSeconds }
      const { json } = expectStatus(await service().post('/v1/jobs', body, launcher), 201)
      const answer = json['certificate'] as Record<string, unknown>
      return {
        certificate: String(answer['certificate']) + String(answer['chain']),
        key: made.key,
        serial: String(answer['serial']),
        answer,
        id: String(json['id']),
      }
    }
    const renew = (by?: ClientIdentity, body: object = {}): Promise<Answer> =>
      service().post('/v1/certificates/renew', body, by)
    const rekey = (by: ClientIdentity | undefined, csr: MadeCsr, body: object = {}): Promise<Answer> =>
      service().post('/v1/certificates/rekey', { csr: csr.pem, ...body }, by)
    const rekeyed = async (by: ClientIdentity): Promise<Certified> => {
      const csr = await makeCsr()
      return certified(await rekey(by, csr), csr)
    }
    const recordOf = async (serial: string) =>
      expectStatus(await service().get(`/v1/certificates/${serial}`, service().admin), 200).json
    const publicKeyOf = ({ certificate }: ClientIdentity) =>
      new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }).toString('hex')
    const isListed = async ({ serial, certificate }: Certified): Promise<boolean> => {
      const authority = String(await recordOf(serial).then(({ issuer }) => issuer))
      const { bytes } = await service().get(`/pki/crl/${authority}.crl`)
      const { serialHex } = parseCertificate(new X509Certificate(certificate).raw).tbs
      return parseCrl(new Uint8Array(bytes)).entries.has(serialHex)
    }

    describe('renewal', () => {
      test.each([
        ['member', () => newMember()],
        ['service', () => newService()],
        ['job', () => newJob()],
        ['admin', () => newAdmin()],
      ] as const)('rule 35: of a %s has the same key and subject, and revokes nothing', async (_, make) => {
        const before = await make()
        const { json } = expectStatus(await renew(before), 201)
        const after = { certificate: String(json['certificate']) + String(json['chain']), key: before.key }
        expect(publicKeyOf(after)).toBe(publicKeyOf(before))
        const [old, now] = [new X509Certificate(before.certificate), new X509Certificate(after.certificate)]
        expect([now.subject, now.subjectAltName]).toEqual([old.subject, old.subjectAltName])
        for (const each of [before, after]) expect((await service().get('/v1/me', each)).status).toBe(200)
        const record = await recordOf(old.serialNumber.toLowerCase())
        expect([record['status'], record['replacedBy']]).toEqual(['good', undefined])
        expect((await recordOf(String(json['serial'])))['obtainedWith']).toBe(
          `certificate:${old.serialNumber.toLowerCase()}`,
        )
      })

      test('has the names that the directory has today', async () => {
        const name = `${fresh()}.internal`
        const before = await service().addService(name)
        const body = { systemUser: 'svc', dnsNames: [`alt-${name}`] }
        expectStatus(await service().put(`/v1/services/${name}`, body, service().admin), 200)
        const { json } = expectStatus(await renew(before), 201)
        const now = new X509Certificate(String(json['certificate']))
        expect(now.subjectAltName).toContain(`DNS:alt-${name}`)
      })

      test('rule 11: of a member ends at renewUntil, in what is asked for and in what is not', async () => {
        const member = await newMember()
        const until = new Date(String((await recordOf(member.serial))['renewUntil']))
        const left = Math.floor((until.getTime() - clock.now().getTime()) / 1000)
        const { json } = expectStatus(await renew(member), 201)
        expect(new Date(String(json['notAfter'])) <= until).toBe(true)
        expect((await recordOf(String(json['serial'])))['renewUntil']).toBe(until.toISOString())
        // Past the maximum of the profile: it is the profile that refuses.
        expect(known(await renew(member, { lifetimeSeconds: left + 60 })).status).not.toBe(201)
      })

      test('rule 35: of a job never goes past the job', async () => {
        const job = await newJob(1800)
        const endsAt = new Date(String(job.answer['notAfter']))
        const { json } = expectStatus(await renew(job), 201)
        expect(new Date(String(json['notAfter'])) <= endsAt).toBe(true)
        const refused = await leavesNothing(service(), () => renew(job, { lifetimeSeconds: 1900 }))
        expect(known(refused)).toEqual({ status: 403, code: 'renewal_ended' })
      })

      test('rule 11: a bearer token buys none', async () => {
        const member = await newMember()
        const { json } = expectStatus(await service().post('/v1/tokens', { audience: service().url }, member), 201)
        const headers = { authorization: `Bearer ${String(json['access_token'])}` }
        for (const identity of [undefined, member]) {
          const answer = await leavesNothing(service(), () =>
            service().post('/v1/certificates/renew', {}, identity, headers),
          )
          expect(known(answer)).toEqual({ status: 403, code: 'credential_buys_none' })
        }
      })

      test('is asked for without a certificate in vain', async () => {
        expect(known(await leavesNothing(service(), () => renew()))).toEqual({ status: 401, code: 'unauthenticated' })
      })

      test('is repeated with its Idempotency-Key as it was', async () => {
        const member = await newMember()
        const ask = () => service().post('/v1/certificates/renew', {}, member, { 'idempotency-key': 'once' })
        expect((await ask()).json['serial']).toBe((await ask()).json['serial'])
      })
    })

    describe('what has ended renews nothing', () => {
      const revoke = (serial: string, reason: string) =>
        service().post(`/v1/certificates/${serial}/revoke`, { reason }, service().admin)
      const endings: readonly (readonly [string, (one: Certified) => Promise<unknown>])[] = [
        ['revoked', ({ serial }) => revoke(serial, 'superseded')],
        ['held', ({ serial }) => revoke(serial, 'certificateHold')],
      ]
      test.each(endings)('lesson 13: a certificate that is %s', async (_, end) => {
        const member = await newMember()
        await end(member)
        const made = await makeCsr()
        for (const ask of [() => renew(member), () => rekey(member, made)]) {
          const answer = await leavesNothing(service(), ask)
          expect(known(answer)).toEqual({ status: 401, code: 'client_certificate_refused' })
        }
      })

      test('a job that is finished', async () => {
        const job = await newJob()
        expectStatus(await service().post(`/v1/jobs/${job.id}/finish`, undefined, launcher), 200)
        expect(known(await leavesNothing(service(), () => renew(job)))).toEqual({
          status: 401,
          code: 'client_certificate_refused',
        })
      })
    })

    describe('rekey', () => {
      test('rule 35: replaces every certificate of the key before; they work on, and buy no other', async () => {
        const first = await newMember()
        const answer = expectStatus(await renew(first), 201).json
        const second = { ...first, certificate: String(answer['certificate']) + String(answer['chain']) }
        const next = await rekeyed(second)
        expect(publicKeyOf(next)).not.toBe(publicKeyOf(first))
        for (const old of [first, second]) {
          expect((await service().get('/v1/me', old)).status).toBe(200)
          const made = await makeCsr()
          const commonName = String(first.answer['commonName'])
          const own = `/v1/projects/vision/members/${commonName.slice('vision__'.length)}/certificates`
          for (const ask of [
            () => renew(old),
            () => rekey(old, made),
            () => service().post(own, { csr: made.pem }, old),
          ]) {
            const refused = await leavesNothing(service(), ask)
            expect(known(refused)).toEqual({ status: 409, code: 'certificate_replaced' })
          }
        }
        const record = await recordOf(first.serial)
        expect(record).toMatchObject({ status: 'good', replacedBy: next.serial })
        expect(new Date(String(record['revokeAt'])).getTime() - clock.now().getTime()).toBeLessThanOrEqual(
          OVERLAP_SECONDS * 1000,
        )
        expect((await renew(next)).status).toBe(201)
      })

      test('asked again for the same key gives the same certificate: a lost answer is no lost key', async () => {
        const before = await newService()
        const made = await makeCsr()
        const first = expectStatus(await rekey(before, made), 201)
        const sameKey = await makeCsr({}, made.keys)
        const again = await leavesNothing(service(), () => rekey(before, sameKey))
        expect([again.status, again.json['serial']]).toEqual([201, first.json['serial']])
      })

      test('at once by two, with different keys: one wins', async () => {
        const before = await newService()
        const answers = await Promise.all([makeCsr(), makeCsr()].map(async (made) => rekey(before, await made)))
        expect(answers.map(known).toSorted((one, other) => one.status - other.status)).toEqual([
          { status: 201, code: undefined },
          { status: 409, code: 'certificate_replaced' },
        ])
      })

      test('wants a new key, its own proof, and no other name', async () => {
        const before = await newService()
        const other = await newService()
        const own = await makeCsr()
        const mine = certified(await rekey(before, own), own)
        const foreign = await makeCsr()
        expectStatus(await rekey(other, foreign), 201)
        const named = await makeCsr({ name: 'CN=vision__owner' })
        const ca = await makeCsr({ name: 'CN=Signet Root' })
        for (const [csr, code] of [
          [await makeCsr({}, own.keys), 'key_not_new'],
          [await makeCsr({}, foreign.keys), 'key_of_another_identity'],
          [named, 'csr_names_other'],
          [ca, 'csr_names_other'],
        ] as const) {
          expect((await leavesNothing(service(), () => rekey(mine, csr))).code).toBe(code)
        }
        const empty = await service().post('/v1/certificates/rekey', { csr: '' }, mine)
        expect(known(empty)).toEqual({ status: 422, code: 'csr_empty' })
      })

      test('AA5: what was replaced is revoked when the overlap is over, in the CRL too, and what it bought ends', async () => {
        const old = await newMember()
        await service().addService('wanted.internal')
        const bought = await service().post('/v1/tokens', { audience: 'wanted.internal' }, old)
        const token = String(expectStatus(bought, 201).json['access_token'])
        const next = await rekeyed(old)
        const revokeAt = new Date(String((await recordOf(old.serial))['revokeAt']))
        clock.pass(OVERLAP_SECONDS - 60)
        expect((await service().get('/v1/me', old)).status).toBe(200)
        expect(await isListed(old)).toBe(false)
        clock.pass(61)
        await vi.waitFor(async () => expect(await isListed(old)).toBe(true), CRL_WITHIN)
        const record = await recordOf(old.serial)
        expect(record).toMatchObject({ status: 'revoked', reason: 'superseded', replacedBy: next.serial })
        expect(new Date(String(record['revokedAt'])) >= revokeAt).toBe(true)
        expect(known(await service().get('/v1/me', old))).toEqual({ status: 401, code: 'client_certificate_refused' })
        expect((await service().get('/v1/me', next)).status).toBe(200)
        const asked = await service().post('/v1/tokens/introspect', { token }, service().admin)
        expect(asked.json['active']).toBe(false)
        const { events } = (await service().get('/v1/audit?limit=50', service().admin)).json as {
          events: { act: string; object: string; actor: string }[]
        }
        const ofOld = events.filter(({ object }) => object === `certificate:${old.serial}`)
        expect(ofOld.map(({ act, actor }) => [act, actor])).toEqual([
          ['certificate.revoke', 'system'],
          ['certificate.replace', `member:${String(old.answer['commonName'])}`],
          ['certificate.issue', 'member:vision__owner'],
        ])
      })

      test('a hold that is released does not save what was replaced', async () => {
        const old = await newService()
        await rekeyed(old)
        const path = `/v1/certificates/${old.serial}/revoke`
        expectStatus(await service().post(path, { reason: 'certificateHold' }, service().admin), 200)
        clock.pass(OVERLAP_SECONDS + 1)
        await vi.waitFor(
          async () => expect(await recordOf(old.serial)).toMatchObject({ status: 'revoked', reason: 'superseded' }),
          CRL_WITHIN,
        )
        const released = await service().post(path, { reason: 'removeFromCRL' }, service().admin)
        expect(known(released)).toEqual({ status: 409, code: 'certificate_not_held' })
      })

      test('a certificate that was to be revoked while the service was down is revoked when it is up', async () => {
        const old = await newService()
        await rekeyed(old)
        await service().stop()
        clock.pass(OVERLAP_SECONDS + 1)
        await service().restart()
        await vi.waitFor(async () => expect(await isListed(old)).toBe(true), CRL_WITHIN)
      })
    })
  },
)
