// The public feed of revocations over the real listener, on both stores: what it tells and in which form, that it can be taken up
// where one is, and that what was left out is noticed.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { profileNamed } from '../../src/ca/policy/policy.ts'
import { startService } from '../../src/main.ts'
import { readSnapshot, verifySnapshotSignature } from '../../src/tokens/snapshot-jws.ts'
import { verifySnapshotSigner } from '../../src/verifier/snapshot-trust.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'
import { onBothStores } from '../support/both-stores.ts'
import { EventStream } from '../support/event-stream.ts'
import { type Answer, send } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const POLICY_OID = profileNamed(loadPolicy(new URL('../../ca', import.meta.url).pathname), 'snapshot-signer').policyOid

interface Event {
  readonly seq: number
  readonly issuer: string
  readonly serial: string
  readonly event: string
  readonly reason: string
  readonly date: string
  readonly notAfter: string
  readonly previous: string
  readonly hash: string
}

interface Told {
  readonly epoch: string
  readonly seq: number
  readonly events: readonly Event[]
  readonly more: boolean
  readonly checkpoint?: string
  readonly reset?: {
    readonly reason: string
    readonly seq: number
    readonly crls: readonly { readonly issuer: string }[]
  }
}

const told = ({ json }: Answer): Told => json as unknown as Told

interface Checkpoint {
  readonly iss: string
  readonly aud: string
  readonly epoch: string
  readonly seq: number
  readonly head: string
  readonly issuers: readonly [string, number, string][]
  readonly time: string
}

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** As docs/revocation.md says it. */
const hashOf = ({ previous, seq, issuer, serial, event, reason, date, notAfter }: Event): string =>
  digest([previous, seq, issuer, serial, event, reason, date, notAfter])

/** As a consumer would who has the root alone. */
function verified(jws: string, ca: string): Checkpoint {
  const snapshot = readSnapshot(jws, 'revocations+jwt')
  const roots = parsePemBundle(ca, 'CERTIFICATE')
  const verdict = verifySnapshotSigner(snapshot.chain, {
    roots,
    policyOid: POLICY_OID,
    at: new Date(),
    revocation: { kind: 'none' },
  })
  if (verdict.kind === 'refused') throw new Error(verdict.fault)
  verifySnapshotSignature(snapshot, verdict.publicKey.spki, 'ec-p256')
  return JSON.parse(Buffer.from(snapshot.payload).toString('utf8')) as Checkpoint
}

onBothStores(
  'the feed of revocations',
  () => ({}),
  (running) => {
    let service: TestService
    let owner: Certified
    let people = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'olga')
    })

    const feed = async (query = ''): Promise<Told> =>
      told(expectStatus(await service.get(`/v1/revocations${query}`), 200))
    const position = async (): Promise<number> => (await feed('?after=0&wait=0&limit=1000')).seq
    const stream = (query = '', headers: Record<string, string> = {}) =>
      EventStream.open({ url: service.url, ca: service.ca }, `/v1/revocations${query}`, headers)
    const member = () => service.addMember('vision', `m${String((people += 1))}`, owner)
    const revoke = async (of: Certified, reason: string): Promise<void> => {
      expectStatus(await service.post(`/v1/certificates/${of.serial}/revoke`, { reason }, service.admin), 200)
    }

    test('says what happened to a certificate, in its order, and nobody by name', async () => {
      const from = await position()
      const [one, two] = [await member(), await member()]
      await revoke(one, 'certificateHold')
      await revoke(one, 'removeFromCRL')
      await revoke(two, 'certificateHold')
      await revoke(two, 'superseded')
      await revoke(two, 'keyCompromise')
      const answer = await service.get(`/v1/revocations?after=${String(from)}&wait=0`)
      const { events, more } = told(expectStatus(answer, 200))
      expect(events.map(({ serial, event, reason }) => [serial, event, reason])).toEqual([
        [one.serial, 'held', 'certificateHold'],
        [one.serial, 'released', 'certificateHold'],
        [two.serial, 'held', 'certificateHold'],
        [two.serial, 'revoked', 'superseded'],
        [two.serial, 'reason-changed', 'keyCompromise'],
      ])
      // What is final keeps the date of the hold.
      expect(new Set(events.slice(2).map(({ date }) => date)).size).toBe(1)
      expect(more).toBe(false)
      expect(JSON.stringify(events)).not.toMatch(/vision|olga|member|admin/)
      for (const event of events) expect(hashOf(event)).toBe(event.hash)
      for (const [index, event] of events.slice(1).entries()) expect(event.previous).toBe(events[index]?.hash)
    })

    test('is told of at once to whoever waits', async () => {
      const [from, whose] = [await position(), await member()]
      const waiting = feed(`?after=${String(from)}&wait=30`)
      const open = await stream(`?after=${String(from)}`)
      await revoke(whose, 'superseded')
      expect((await waiting).events.map(({ serial }) => serial)).toEqual([whose.serial])
      const { data, id } = await open.until('revocation')
      const { epoch, seq } = await waiting
      expect([(JSON.parse(data) as Event).serial, id]).toEqual([whose.serial, `${epoch}.${String(seq)}`])
      open.close()
    })

    test('of one issuer alone holds its chain too', async () => {
      const from = await position()
      const ofServices = await service.addService('model-1.internal')
      for (const whose of [await member(), ofServices, await member()]) await revoke(whose, 'superseded')
      const all = await feed(`?after=${String(from)}&wait=0`)
      const some = await feed(`?after=${String(from)}&wait=0&issuer=users-1`)
      expect(all.events.map(({ issuer }) => issuer)).toEqual(['users-1', 'services-1', 'users-1'])
      expect(some.events).toEqual(all.events.filter(({ issuer }) => issuer === 'users-1'))
      expect(some.seq).toBeGreaterThanOrEqual(all.seq)
      for (const [index, event] of some.events.slice(1).entries()) expect(event.previous).toBe(some.events[index]?.hash)
      expect((await feed(`?after=${String(from)}&wait=0&issuer=roots-9`)).events).toEqual([])
    })

    test('comes in pages', async () => {
      const from = await position()
      const whose = [await member(), await member(), await member()]
      for (const each of whose) await revoke(each, 'superseded')
      const serials: string[] = []
      let after = from
      for (let more = true; more;) {
        const page = await feed(`?after=${String(after)}&wait=0&limit=1`)
        expect(page.events.length).toBeLessThanOrEqual(1)
        serials.push(...page.events.map(({ serial }) => serial))
        after = page.seq
        more = page.more
      }
      expect(serials).toEqual(whose.map(({ serial }) => serial))
    })

    test('rule 40: checkpoints vouch for the heads, under the pinned root', async () => {
      await revoke(await member(), 'superseded')
      // One is signed in a tenth of a second at most: whoever asks right after another's gets the next one.
      const {
        events,
        checkpoint = '',
        seq,
        epoch,
      } = await vi.waitFor(async () => {
        const page = await feed('?after=0&wait=0&limit=1000')
        expect(page.checkpoint).toBeDefined()
        return page
      }, 5_000)
      const claims = verified(checkpoint, service.ca)
      const last = events.filter(({ issuer }) => issuer === 'users-1').at(-1)
      expect(claims).toMatchObject({ iss: service.url, aud: 'revocations', epoch })
      // A CRL that is published meanwhile moves the number on, and is no event.
      expect(claims.seq).toBeGreaterThanOrEqual(Number(last?.seq))
      expect(claims.issuers.find(([issuer]) => issuer === 'users-1')).toEqual(['users-1', last?.seq, last?.hash])
      expect(claims.head).toBe(digest(claims.issuers))
      expect(Math.abs(Date.parse(claims.time) - Date.now())).toBeLessThan(60_000)
      expect(() => readSnapshot(checkpoint, 'checkpoint+jwt')).toThrow(
        expect.objectContaining({ code: 'snapshot_type' }),
      )
      const open = await stream(`?after=${String(seq)}`)
      expect(verified((await open.until('checkpoint')).data, service.ca).seq).toBeGreaterThanOrEqual(seq)
      open.close()
    })

    test.each<[string, string, (epoch: string) => Record<string, string>]>([
      ['first', '', () => ({})],
      ['ahead', '?after=999999999&wait=0', () => ({})],
      ['epoch', '?after=0&epoch=another&wait=0', () => ({})],
      ['epoch', '?after=0&wait=0', () => ({ 'last-event-id': 'another.0' })],
      ['first', '?after=0&wait=0', () => ({ 'last-event-id': 'nonsense' })],
      ['ahead', '?after=0&wait=0', (epoch) => ({ 'last-event-id': `${epoch}.999999999` })],
    ])('says where to begin anew: %s (%s)', async (reason, query, headers) => {
      const { epoch } = await feed()
      const answer = await service.send({ method: 'GET', path: `/v1/revocations${query}`, headers: headers(epoch) })
      const { reset, seq, events } = told(expectStatus(answer, 200))
      expect([reset?.reason, reset?.seq, events]).toEqual([reason, seq, []])
      expect(reset?.crls.map(({ issuer }) => issuer)).toEqual(['root-1', 'services-1', 'users-1'])
      const open = await stream(query, headers(epoch))
      expect(JSON.parse((await open.until('reset')).data)).toMatchObject({ reason, epoch })
      open.close()
    })

    test('begins after what the CRLs cover: what they lack comes as events', async () => {
      const whose = await member()
      const open = await stream()
      const before = JSON.parse((await open.until('reset')).data) as { seq: number }
      await revoke(whose, 'superseded')
      const event = JSON.parse(
        (await open.until('revocation', ({ data }) => data.includes(whose.serial))).data,
      ) as Event
      expect(event.seq).toBeGreaterThan(before.seq)
      // As soon as a CRL has it, it need not be told any more.
      const told = await open.until(
        'crl',
        ({ data }) => data.includes('users-1') && numberIn(data) > numberIn(first(open)),
      )
      const index = await service.get('/pki/crl')
      expect(index.text).toContain(String(numberIn(told.data)))
      expect((await feed()).seq).toBeGreaterThanOrEqual(event.seq)
      open.close()
    })

    test('is the same in every process, and after a restart', async () => {
      const from = await position()
      const whose = await member()
      const { listeners } = service.configuration
      const free = { kind: 'listen', host: '127.0.0.1', port: 0 } as const
      const other = await startService({
        ...service.configuration,
        listeners: { ...listeners, https: free, http: free, operations: free },
      })
      try {
        const target = { url: `https://localhost:${String(other.ports.https)}`, ca: service.ca }
        const open = await EventStream.open(target, `/v1/revocations?after=${String(from)}`)
        await revoke(whose, 'superseded')
        const there = await open.until('revocation')
        const here = await feed(`?after=${String(from)}&wait=0`)
        expect(JSON.parse(there.data)).toEqual(here.events[0])
        // It knows a number that this process may not have heard of: it waits for it, and begins nothing anew.
        const answer = told(
          await send(target, { method: 'GET', path: `/v1/revocations?after=${String(here.seq)}&wait=0` }),
        )
        expect([answer.reset, answer.epoch]).toEqual([undefined, here.epoch])
        open.close()
      } finally {
        await other.stop()
      }
      const before = await feed(`?after=0&wait=0&limit=1000`)
      await service.stop()
      await service.restart()
      const after = await feed(`?after=0&wait=0&limit=1000`)
      expect(after.events).toEqual(before.events)
      await revoke(await member(), 'superseded')
      const [next] = (await feed(`?after=${String(before.seq)}&wait=0`)).events
      expect(next?.previous).toBe(before.events.filter(({ issuer }) => issuer === next?.issuer).at(-1)?.hash)
    })
  },
)

function first(open: EventStream): string {
  return open.events.find(({ event, data }) => event === 'crl' && data.includes('users-1'))?.data ?? '{}'
}

function numberIn(data: string): number {
  return (JSON.parse(data) as { number?: number }).number ?? 0
}

describe('the feed of revocations is refused', () => {
  let service: TestService
  let opened: EventStream[]
  beforeAll(async () => {
    service = await TestService.start({ browser: 'on' })
  })
  afterAll(() => service.close())
  beforeEach(() => {
    opened = []
  })

  test.each<[string, number, string]>([
    ['?after=-1', 400, 'parameter_rejected'],
    ['?after=1e3', 400, 'parameter_rejected'],
    ['?after=9999999999999999', 400, 'parameter_rejected'],
    ['?wait=forever', 400, 'parameter_rejected'],
    ['?limit=x', 400, 'parameter_rejected'],
    ['?since=0', 400, 'parameter_rejected'],
    ['?issuer=..', 404, 'issuer_id_rejected'],
  ])('%s', async (query, status, code) => {
    const answer = await service.get(`/v1/revocations${query}`)
    expect([answer.status, answer.code]).toEqual([status, code])
  })

  const metricLine = async (name: string): Promise<string> => {
    const text = await (await fetch(`${service.operationsUrl}/metrics`)).text()
    return text.split('\n').find((line) => line.startsWith(`${name} `)) ?? ''
  }

  test('over plain HTTP and to browsers: there is none', async () => {
    expect((await fetch(`${service.httpUrl}/v1/revocations`)).status).toBe(404)
    const answer = await send({ url: service.browserUrl, ca: service.ca }, { method: 'GET', path: '/v1/revocations' })
    expect(answer.status).toBe(404)
  })

  test('rule 28: to the 21st of one address, until another leaves', async () => {
    const target = { url: service.url, ca: service.ca }
    for (let n = 0; n < 20; n += 1) opened.push(await EventStream.open(target, '/v1/revocations'))
    expect(opened.map(({ status }) => status)).toEqual(opened.map(() => 200))
    const refused = await service.get('/v1/revocations')
    expect([refused.status, refused.code]).toEqual([429, 'too_busy'])
    expect(await metricLine('signet_revocation_feeds')).toBe('signet_revocation_feeds 20')
    for (const each of opened) each.close()
    const followers = async () =>
      / (?<count>\d+)$/m.exec(await metricLine('signet_revocation_feeds'))?.groups?.['count']
    await expect.poll(followers).toBe('0')
    expectStatus(await service.get('/v1/revocations'), 200)
  })

  test('when the service stops: open ones end', async () => {
    const open = await EventStream.open({ url: service.url, ca: service.ca }, '/v1/revocations')
    await open.until('reset')
    await service.stop()
    await open.ended()
    await service.restart()
  })
})
