// What a feed of revocations may not say: everything that does not fit is a gap, and what is unsigned stands behind nothing.
import { beforeEach, describe, expect, test } from 'vitest'
import { CHAIN_START, linked, type RevocationEvent } from '../../../src/domain/revocation-event.ts'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import { parseSerialNumber } from '../../../src/domain/serial-number.ts'
import { readCheckpoint } from '../../../src/verifier/peer/feed-checkpoint.ts'
import { FeedGap, HeardFeed, parseReset } from '../../../src/verifier/peer/heard-feed.ts'
import { serverSentEvents } from '../../../src/verifier/peer/server-sent-events.ts'
import { makeWorld, NOW, SERIAL } from './clinic.ts'

const USERS = parseIssuerId('users-1')
const said: string[] = []
let feed: HeardFeed

beforeEach(() => {
  said.length = 0
  feed = new HeardFeed({
    tell: (issuer, { seq, event }) => said.push(`${issuer} ${String(seq)} ${event}`),
    restartFeed: (seq) => said.push(`restart ${String(seq)}`),
  })
  feed.begin({ epoch: 'e1', seq: 10 })
})

function event(seq: number, previous: string, more: Partial<RevocationEvent> = {}): RevocationEvent {
  const serial = parseSerialNumber(SERIAL)
  const fact = { seq, issuer: USERS, serial, event: 'revoked', reason: 'superseded', date: NOW, notAfter: NOW } as const
  return linked({ ...fact, ...more }, previous)
}

const take = (...told: readonly object[]) => {
  for (const each of told) feed.takeEvent(JSON.stringify(each))
}
const checkpoint = (
  seq: number,
  heads: Record<string, RevocationEvent | { seq: number; hash: string }>,
  epoch = 'e1',
  time = NOW,
) => feed.takeCheckpoint({ epoch, seq, heads: new Map(Object.entries(heads)), time })

const FIRST = event(12, CHAIN_START)
const SECOND = event(15, FIRST.hash, { event: 'released' })

test('events count as they come; a checkpoint stands behind them, and what was said before a beginning is forgotten', () => {
  take(FIRST)
  take(SECOND)
  checkpoint(20, { 'users-1': SECOND })
  expect(said).toEqual([
    'users-1 12 revoked',
    'users-1 15 released',
    'restart 10',
    'users-1 12 revoked',
    'users-1 15 released',
  ])
  expect(feed.place).toEqual({ epoch: 'e1', seq: 20 })
  take(event(21, SECOND.hash))
  checkpoint(22, { 'users-1': event(21, SECOND.hash) })
  expect(said).toHaveLength(6)
})

test('a checkpoint of before a new beginning is not believed again, but clocks of two processes may differ', () => {
  const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
  checkpoint(20, {}, 'e1', at(0))
  feed.begin({ epoch: 'e1', seq: 10 })
  expect(() => checkpoint(20, {}, 'e1', at(-61))).toThrow(FeedGap)
  feed.forget()
  feed.begin({ epoch: 'e2', seq: 1 })
  expect(() => checkpoint(20, {}, 'e2', at(-61))).toThrow(FeedGap)
  expect(() => checkpoint(20, {}, 'e2', at(-60))).not.toThrow()
})

describe('a gap', () => {
  const GAPS: readonly (readonly [string, () => void])[] = [
    ['an event is left out', () => take(FIRST, event(17, SECOND.hash))],
    ['an event comes twice', () => take(FIRST, FIRST)],
    ['an event of before the beginning', () => take(event(10, CHAIN_START))],
    ['an event is changed', () => take({ ...FIRST, reason: 'keyCompromise' })],
    ['an event is given to another certificate', () => take({ ...FIRST, serial: `01${'00'.repeat(16)}` })],
    [
      'a checkpoint says another last event',
      () => {
        take(FIRST)
        checkpoint(20, { 'users-1': SECOND })
      },
    ],
    ['a checkpoint says an event that never came', () => checkpoint(20, { 'users-1': FIRST })],
    ['a checkpoint of another epoch', () => checkpoint(20, {}, 'e2')],
    [
      'a checkpoint of before',
      () => {
        take(FIRST)
        checkpoint(11, {})
      },
    ],
    [
      'an event before any beginning',
      () => {
        feed.forget()
        take(FIRST)
      },
    ],
    [
      'a checkpoint before any beginning',
      () => {
        feed.forget()
        checkpoint(20, {})
      },
    ],
  ]

  test.each(GAPS)('%s', (_, tell) => {
    expect(tell).toThrow(FeedGap)
  })

  test.each([
    ['another kind', { ...FIRST, event: 'forgiven' }],
    ['no number', { ...FIRST, seq: '12' }],
    ['no date', { ...FIRST, date: 'yesterday' }],
    ['no serial number', { ...FIRST, serial: '7' }],
    ['a reason that is none', { ...FIRST, reason: 'mood' }],
    ['nothing', {}],
  ])('an event with %s is none', (_, told) => {
    expect(() => take(told)).toThrow()
    expect(said).toEqual([])
  })

  test('an issuer whose last event lies before the beginning is no gap', () => {
    checkpoint(20, { 'users-1': { seq: 9, hash: 'ab' }, 'services-1': { seq: 10, hash: 'cd' } })
    expect(() => take(event(21, 'ef'))).toThrow(FeedGap)
    expect(feed.place?.seq).toBe(20)
  })
})

test('a reset names the CRLs that it stands on; issuers that are none are passed over', () => {
  const crls = [
    { issuer: 'users-1', number: 7 },
    { issuer: '../etc', number: 8 },
  ]
  expect(parseReset(JSON.stringify({ epoch: 'e1', seq: 3, crls }))).toEqual({
    epoch: 'e1',
    seq: 3,
    crls: new Map([['users-1', 7n]]),
  })
  for (const broken of ['{}', '[]', 'null', '{"epoch":"e","seq":1.5,"crls":[]}'])
    expect(() => parseReset(broken)).toThrow()
})

test('a checkpoint that a pinned root does not stand behind is none', async () => {
  const { root, users } = await makeWorld()
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const x5c = [users.der, users.der].map((der) => Buffer.from(der).toString('base64'))
  const header = { alg: 'ES256', typ: 'revocations+jwt', x5c }
  const claims = part({ aud: 'revocations', epoch: 'e1', seq: 1, issuers: [], time: NOW.toISOString() })
  const COMPACT = [
    '',
    'a.b',
    `${part(header)}.${claims}.AAAA`,
    `${part({ ...header, alg: 'none' })}.${claims}.AAAA`,
    `${part({ ...header, x5c: [] })}.${claims}.AAAA`,
    `${part({ ...header, typ: 'at+jwt' })}.${claims}.AAAA`,
    `${part({ ...header, jwk: {} })}.${claims}.AAAA`,
    `${part(null)}.${claims}.AAAA`,
  ]
  expect(COMPACT.map((compact) => readCheckpoint(compact, [root.der], NOW))).toEqual(COMPACT.map(() => undefined))
})

describe('server-sent events', () => {
  async function read(...chunks: readonly string[]): Promise<readonly string[]> {
    async function* bytes() {
      for (const chunk of chunks) yield Buffer.from(chunk)
    }
    const found: string[] = []
    for await (const { event: name, data } of serverSentEvents(bytes())) found.push(`${name}=${data}`)
    return found
  }

  test('are read wherever they are cut', async () => {
    const text = ': alive\n\nid: e.1\nevent: crl\ndata: {"ü":1}\n\ndata: a\ndata: b\n\nretry: 5\n\nevent: x\n\n'
    const whole = ['crl={"ü":1}', 'message=a\nb']
    expect(await read(text)).toEqual(whole)
    for (let at = 0; at < text.length; at++) expect(await read(text.slice(0, at), text.slice(at))).toEqual(whole)
    expect(await read('event: crl\ndata: half')).toEqual([])
  })

  test('that never end are given up', async () => {
    await expect(read('data: ', ...Array.from({ length: 20 }, () => 'x'.repeat(100_000)))).rejects.toThrow(RangeError)
  })
})
