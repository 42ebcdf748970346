// Rule 34 over the running service, on both stores: what each revocation may follow, which date stays, who may ask, and what becomes
// of CRL, feed and tokens.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { makeCsr } from '../support/csr.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Answer, type ClientIdentity } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, type TestService } from '../support/test-service.ts'

const SOON = { timeout: 10_000, interval: 50 }
const RELEASE = 'removeFromCRL'
const UNKNOWN = `01${'0'.repeat(32)}`
const clock = new SettableClock()

type Outcome =
  | {
      readonly status: 200
      readonly now: 'good' | 'held' | 'revoked'
      readonly reason?: string
      readonly date?: 'first'
    }
  | { readonly status: number; readonly code: string }

interface Row {
  /** What was asked before, in this order. */
  readonly after: readonly string[]
  readonly reason: string
  readonly becomes: Outcome
}

const held = (date?: 'first'): Outcome => ({
  status: 200,
  now: 'held',
  reason: 'certificateHold',
  ...(date && { date }),
})
const revoked = (reason: string, date?: 'first'): Outcome => ({
  status: 200,
  now: 'revoked',
  reason,
  ...(date && { date }),
})
const FINAL = { status: 409, code: 'revocation_is_final' }
const NOT_HELD = { status: 409, code: 'certificate_not_held' }

const ROWS: readonly Row[] = [
  { after: [], reason: 'superseded', becomes: revoked('superseded') },
  { after: ['superseded'], reason: 'superseded', becomes: revoked('superseded', 'first') },
  { after: ['superseded'], reason: 'cessationOfOperation', becomes: revoked('superseded', 'first') },
  { after: ['superseded'], reason: 'keyCompromise', becomes: revoked('keyCompromise', 'first') },
  { after: ['keyCompromise'], reason: 'superseded', becomes: revoked('keyCompromise', 'first') },
  { after: ['superseded', 'keyCompromise'], reason: 'keyCompromise', becomes: revoked('keyCompromise', 'first') },
  { after: ['superseded'], reason: 'certificateHold', becomes: FINAL },
  { after: ['keyCompromise'], reason: 'certificateHold', becomes: FINAL },
  { after: ['certificateHold', 'superseded'], reason: 'certificateHold', becomes: FINAL },
  { after: [], reason: 'certificateHold', becomes: held() },
  { after: ['certificateHold'], reason: 'certificateHold', becomes: held('first') },
  { after: ['certificateHold'], reason: 'privilegeWithdrawn', becomes: revoked('privilegeWithdrawn', 'first') },
  { after: ['certificateHold'], reason: 'keyCompromise', becomes: revoked('keyCompromise', 'first') },
  { after: ['certificateHold'], reason: RELEASE, becomes: { status: 200, now: 'good' } },
  { after: ['certificateHold', RELEASE], reason: 'superseded', becomes: revoked('superseded') },
  { after: ['certificateHold', RELEASE], reason: 'certificateHold', becomes: held() },
  { after: [], reason: RELEASE, becomes: NOT_HELD },
  { after: ['certificateHold', RELEASE], reason: RELEASE, becomes: NOT_HELD },
  { after: ['superseded'], reason: RELEASE, becomes: NOT_HELD },
  { after: ['certificateHold', 'superseded'], reason: RELEASE, becomes: NOT_HELD },
  { after: [], reason: 'cACompromise', becomes: { status: 400, code: 'reason_not_for_leaf' } },
  { after: ['superseded'], reason: 'aACompromise', becomes: { status: 400, code: 'reason_not_for_leaf' } },
  { after: [], reason: 'because', becomes: { status: 400, code: 'reason_rejected' } },
]

onBothStores(
  'rule 34',
  () => ({ clock }),
  (running) => {
    let owner: Certified
    let members = 0

    beforeAll(async () => {
      owner = await running().addProject('vision', 'owner')
    })

    const fresh = () => running().addMember('vision', `member-${String((members += 1))}`, owner)
    const revoke = (serial: string, reason: string, by: ClientIdentity = owner): Promise<Answer> =>
      running().post(`/v1/certificates/${serial}/revoke`, { reason }, by)
    const shown = async (serial: string) =>
      expectStatus(await running().get(`/v1/certificates/${serial}`, owner), 200).json

    test.each(ROWS)('$reason after $after: $becomes', async ({ after, reason, becomes }) => {
      const { serial } = await fresh()
      let first: unknown
      for (const each of after) {
        const { json } = expectStatus(await revoke(serial, each), 200)
        first = each === RELEASE ? undefined : (first ?? json['revokedAt'])
        clock.pass(10)
      }
      const before = await shown(serial)
      const answer = await revoke(serial, reason)
      if ('code' in becomes) {
        expect({ status: answer.status, code: answer.json['code'] }).toEqual(becomes)
        expect(await shown(serial)).toEqual(before)
        return
      }
      const { status, reason: kept, revokedAt } = expectStatus(answer, 200).json
      expect({ status, reason: kept }).toEqual({ status: becomes.now, reason: becomes.reason })
      if (becomes.now === 'good') expect(revokedAt).toBeUndefined()
      else if (becomes.date === 'first') expect(revokedAt).toBe(first)
      else expect(revokedAt).not.toBe(before['issuedAt'])
      expect(await shown(serial)).toMatchObject({ status: becomes.now })
    })

    describe('is refused', () => {
      const caSerial = async (service: TestService, issuer: string): Promise<string> => {
        const { bytes } = await service.send({ method: 'GET', path: `/pki/ca/${issuer}.cer` })
        return new X509Certificate(bytes).serialNumber.toLowerCase()
      }

      test.each<[what: string, serial: () => Promise<string>, status: number, code: string]>([
        ['an unknown serial number', () => Promise.resolve(UNKNOWN), 404, 'certificate_unknown'],
        ['one of another shape', () => Promise.resolve('00'), 400, 'serial_rejected'],
        ['an issuing CA', () => caSerial(running(), 'users-1'), 409, 'authority_needs_ceremony'],
        ['the root', () => caSerial(running(), 'root-1'), 409, 'authority_needs_ceremony'],
      ])('%s', async (_, serial, status, code) => {
        const answer = await revoke(await serial(), 'superseded', running().admin)
        expect({ status: answer.status, code: answer.json['code'] }).toEqual({ status, code })
      })

      test('rule 13: to whom it is not; a hold is not released by its holder', async () => {
        const service = running()
        const other = await service.addProject('fraud', 'oscar')
        const alice = await service.addMember('vision', 'alice', owner)
        const csr = await makeCsr()
        const path = '/v1/projects/vision/members/alice/certificates'
        const again = certified(await service.post(path, { csr: csr.pem }, alice), csr)
        const { serial } = alice
        const peer = await service.addMember('vision', 'bruno', owner)
        const refusals: readonly (readonly [by: ClientIdentity | undefined, reason: string, status: number])[] = [
          [undefined, 'superseded', 401],
          [other, 'superseded', 403],
          [peer, 'superseded', 403],
          [peer, 'keyCompromise', 403],
        ]
        for (const [by, reason, status] of refusals) {
          const answer = await service.post(`/v1/certificates/${serial}/revoke`, { reason }, by)
          expect({ reason, status: answer.status }).toEqual({ reason, status })
        }

        expectStatus(await revoke(serial, 'certificateHold', alice), 200)
        for (const by of [again, peer, other]) expect((await revoke(serial, RELEASE, by)).status).toBe(403)
        expect(await shown(serial)).toMatchObject({ status: 'held' })
        expectStatus(await revoke(serial, RELEASE, service.admin), 200)
        expectStatus(await revoke(serial, 'superseded', again), 200)
      })
    })

    test('a release leaves the complete CRL, is told in the feed, and revives no token', async () => {
      const service = running()
      const whom = await fresh()
      const { issuer } = whom.answer as { issuer: IssuerId }
      const listed = async (): Promise<string | undefined> => {
        const { bytes } = await service.send({ method: 'GET', path: `/pki/crl/${issuer}.crl` })
        return parseCrl(bytes).entries.get(whom.serial)?.reason
      }
      const bought = expectStatus(await service.post('/v1/tokens', { audience: service.url }, whom), 201).json
      const asToken = async (): Promise<number> => {
        const headers = { authorization: `Bearer ${String(bought['access_token'])}` }
        return (await service.send({ method: 'GET', path: '/v1/me', headers })).status
      }
      const begin = expectStatus(await service.get('/v1/revocations'), 200).json
      expect(await asToken()).toBe(200)

      expectStatus(await revoke(whom.serial, 'certificateHold'), 200)
      expect((await service.get('/v1/me', whom)).status).toBe(401)
      expect(await asToken()).toBe(401)
      await vi.waitFor(async () => expect(await listed()).toBe('certificateHold'), SOON)

      clock.pass(2)
      expectStatus(await revoke(whom.serial, RELEASE), 200)
      expect((await service.get('/v1/me', whom)).status).toBe(200)
      expect(await asToken()).toBe(401)
      await vi.waitFor(async () => expect(await listed()).toBeUndefined(), SOON)

      const { seq, epoch } = (begin['reset'] ?? begin) as { seq: number; epoch: string }
      const path = `/v1/revocations?after=${String(seq)}&epoch=${epoch}&wait=0`
      const { events } = expectStatus(await service.get(path), 200).json as {
        events: { serial: string; event: string }[]
      }
      expect(events.filter(({ serial }) => serial === whom.serial).map(({ event }) => event)).toEqual([
        'held',
        'released',
      ])
    })
  },
)
