// What a feed of revocations may not say: everything that does not fit is a gap, and what is unsigned stands behind nothing.
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { CHAIN_START, linked, type RevocationEvent } from '../../../src/domain/revocation-event.ts'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import { parseSerialNumber } from '../../../src/domain/serial-number.ts'
import { FeedGap, HeardFeed, parseReset } from '../../../src/verifier/peer/heard-feed.ts'
import { serverSentEvents } from '../../../src/verifier/peer/server-sent-events.ts'
import { NOW, SERIAL } from './clinic.ts'

const USERS = parseIssuerId('users-1')
const said: string[] = []
let feed: HeardFeed
let now = NOW

beforeEach(() => {
  said.length = 0
  now = NOW
  feed = new HeardFeed({
    tell: (issuer, { seq, event }) => said.push(`${issuer} ${String(seq)} ${event}`),
    vouchForFeed: () => said.push('vouched'),
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
) => feed.takeCheckpoint({ epoch, seq, heads: new Map(Object.entries(heads)), time }, now)

const FIRST = event(12, CHAIN_START)
const SECOND = event(15, FIRST.hash, { event: 'released' })

test('what revokes counts as it comes, what takes back when a checkpoint stands behind it', () => {
  take(FIRST)
  take(SECOND)
  expect(said).toEqual(['users-1 12 revoked'])
  checkpoint(20, { 'users-1': SECOND })
  // What was said before a beginning is looked at anew.
  const anew = ['restart 10', 'users-1 12 revoked', 'users-1 15 released', 'vouched']
  expect(said.splice(0)).toEqual(['users-1 12 revoked', ...anew])
  expect(feed.place).toEqual({ epoch: 'e1', seq: 20 })
  const [third, last] = [event(21, SECOND.hash), event(22, event(21, SECOND.hash).hash, { event: 'released' })]
  take(third, last)
  expect(said).toEqual(['users-1 21 revoked'])
  checkpoint(22, { 'users-1': last })
  expect(said).toEqual(['users-1 21 revoked', 'users-1 22 released', 'vouched'])
})

test('a release that no checkpoint stands behind takes nothing back, also not at a new beginning', () => {
  take(FIRST, SECOND)
  expect(() => checkpoint(20, { 'users-1': FIRST })).toThrow(FeedGap)
  feed.begin({ epoch: 'e1', seq: 20 })
  checkpoint(21, {})
  expect(said).toEqual(['users-1 12 revoked', 'restart 20', 'vouched'])
})

test.each([
  ['old', 61],
  ['of the future', -61],
])('a checkpoint that is %s says nothing, whoever signed it', (_, seconds) => {
  now = new Date(NOW.getTime() + seconds * 1000)
  expect(() => checkpoint(20, {})).toThrow(FeedGap)
  now = new Date(NOW.getTime() + (seconds - Math.sign(seconds)) * 1000)
  expect(() => checkpoint(20, {})).not.toThrow()
})

test('events without end and without a checkpoint are given up', () => {
  feed = new HeardFeed({ tell: () => undefined, vouchForFeed: () => undefined, restartFeed: () => undefined }, 2)
  feed.begin({ epoch: 'e1', seq: 10 })
  const [one, two] = [FIRST, event(13, FIRST.hash)]
  take(one, two)
  expect(() => take(event(14, two.hash))).toThrow(FeedGap)
  feed.begin({ epoch: 'e1', seq: 10 })
  take(one, two)
  checkpoint(13, { 'users-1': two })
  expect(() => take(event(14, two.hash))).not.toThrow()
})

test('a checkpoint of before a new beginning is not believed again, but clocks of two processes may differ', () => {
  const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
  checkpoint(20, {}, 'e1', at(0))
  feed.begin({ epoch: 'e1', seq: 10 })
  now = at(-30)
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

  test('cost no more when they come in pieces', async () => {
    const looks = (['indexOf', 'split'] as const).map((name) => vi.spyOn(String.prototype, name))
    const pieces = Array.from({ length: 200 }, () => 'x'.repeat(1000))
    expect(await read('data: ', ...pieces, '\n', '\n')).toHaveLength(1)
    const lengths = looks.flatMap(({ mock }) => mock.contexts.map((text) => String(text).length))
    vi.restoreAllMocks()
    const looked = lengths.reduce((sum, each) => sum + each, 0)
    expect(looked).toBeLessThan(4 * 200 * 1000)
  })

  test('that never end are given up', async () => {
    await expect(read('data: ', ...Array.from({ length: 20 }, () => 'x'.repeat(100_000)))).rejects.toThrow(RangeError)
  })
})
