// The feed in memory: its order, what it no longer has, and that a checkpoint stands exactly behind what it vouches for.
import { describe, expect, test } from 'vitest'
import type { Change, NumberedChange } from '../../src/domain/change.ts'
import { parseIssuerId } from '../../src/domain/issuer-id.ts'
import { CHAIN_START, headOfAll, linked, type RevocationEvent } from '../../src/domain/revocation-event.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { RevocationCheckpoints, type RevocationCheckpointClaims } from '../../src/revocation/revocation-checkpoints.ts'
import { RevocationFeed } from '../../src/revocation/revocation-feed.ts'
import { HeldClock } from '../support/held-clock.ts'

const USERS = parseIssuerId('users-1')

const OTHER: Change = { kind: 'issuer', issuer: USERS }

/** Revocations with these numbers, in one chain; what lies between are other changes. */
function revocations(...numbers: readonly number[]): readonly NumberedChange[] {
  let previous = CHAIN_START
  return numbers.map((seq) => {
    const event = linked(
      {
        seq,
        issuer: USERS,
        serial: parseSerialNumber(`01${seq.toString(16).padStart(32, '0')}`),
        event: 'revoked',
        reason: 'superseded',
        date: new Date(1_000_000 + seq),
        notAfter: new Date(9_000_000),
      },
      previous,
    )
    previous = event.hash
    return { seq, change: OTHER, event }
  })
}

const plain = (seq: number): NumberedChange => ({ seq, change: OTHER })

function loaded(capacity?: number): RevocationFeed {
  const feed = new RevocationFeed(capacity)
  feed.load({ seq: 10, heads: [] }, 'one')
  return feed
}

const kindsFrom = (feed: RevocationFeed, seq: number): readonly string[] | undefined => {
  const ordinal = feed.ordinalAfter(seq)
  return ordinal === undefined
    ? undefined
    : feed.from(ordinal, 1000)?.map((entry) => `${entry.kind} ${String(entry.seq)}`)
}

describe('the feed in memory', () => {
  test('goes on where one is, and has nothing from before it was loaded', () => {
    const feed = loaded()
    feed.add([plain(11), ...revocations(12, 14), plain(15)])
    expect(kindsFrom(feed, 9)).toBeUndefined()
    expect(kindsFrom(feed, 10)).toEqual(['event 12', 'event 14'])
    expect(kindsFrom(feed, 12)).toEqual(['event 14'])
    expect(kindsFrom(feed, 15)).toEqual([])
    expect(feed.position).toBe(15)
  })

  test('takes no change twice', () => {
    const feed = loaded()
    const changes = revocations(11, 12)
    feed.add(changes)
    feed.add(changes)
    expect(kindsFrom(feed, 10)).toEqual(['event 11', 'event 12'])
  })

  test('lets the oldest go, and says so', () => {
    const feed = loaded(2)
    const before = feed.ordinalAfter(10) ?? 0
    feed.add(revocations(11, 12, 13, 14, 15))
    expect(kindsFrom(feed, 12)).toBeUndefined()
    expect(feed.from(before, 1)).toBeUndefined()
    expect(kindsFrom(feed, 13)).toEqual(['event 14', 'event 15'])
  })

  test('begins anew after a gap', () => {
    const feed = loaded()
    feed.add(revocations(11))
    feed.load({ seq: 20, heads: [] }, 'one')
    expect(kindsFrom(feed, 11)).toBeUndefined()
    expect(kindsFrom(feed, 20)).toEqual([])
  })

  test('keeps events behind a checkpoint that is being signed, and lets them go when that fails', async () => {
    const feed = loaded()
    feed.add(revocations(11))
    const signing = Promise.withResolvers<string>()
    const made = feed.checkpoint(() => signing.promise)
    feed.add([plain(12), ...revocations(13)])
    expect(kindsFrom(feed, 10)).toEqual(['event 11'])
    signing.resolve('signed')
    await made
    expect(kindsFrom(feed, 10)).toEqual(['event 11', 'checkpoint 11', 'event 13'])
    const failing = feed.checkpoint(() => Promise.reject(new Error('no key')))
    feed.add(revocations(14))
    await expect(failing).rejects.toThrow('no key')
    expect(kindsFrom(feed, 13)).toEqual(['event 14'])
  })

  test('drops a checkpoint of what was loaded anew meanwhile', async () => {
    const feed = loaded()
    const signing = Promise.withResolvers<string>()
    const made = feed.checkpoint(() => signing.promise)
    feed.load({ seq: 30, heads: [] }, 'two')
    signing.resolve('signed')
    await made
    expect([kindsFrom(feed, 30), feed.latestCheckpoint, feed.epoch]).toEqual([[], undefined, 'two'])
  })
})

describe('rule 40: checkpoints', () => {
  const build = (clock: HeldClock, feed: RevocationFeed, confirmedAt: () => number) => {
    const signed: RevocationCheckpointClaims[] = []
    const failures: unknown[] = []
    const checkpoints = new RevocationCheckpoints({
      clock,
      feed,
      confirmedAtMilliseconds: confirmedAt,
      staleAfterMilliseconds: 5000,
      signer: async () => async (claims) => {
        signed.push(claims)
        return `jws ${String(claims.seq)}`
      },
      issuer: 'https://ca.internal',
      onFailure: (error) => failures.push(error),
    })
    return { checkpoints, signed, failures }
  }

  test('sign the heads of all issuers and the time at which everything was known', async () => {
    const [clock, feed] = [new HeldClock(), loaded()]
    feed.add(revocations(11, 12))
    const known = clock.monotonicMilliseconds()
    const { checkpoints, signed } = build(clock, feed, () => known)
    clock.pass(2000)
    await checkpoints.ensure(0)
    const hash = (revocations(11, 12).at(-1)?.event as RevocationEvent).hash
    expect(signed).toEqual([
      {
        version: 1,
        iss: 'https://ca.internal',
        aud: 'revocations',
        epoch: 'one',
        seq: 12,
        head: headOfAll([{ issuer: USERS, seq: 12, hash }]),
        issuers: [['users-1', 12, hash]],
        time: new Date(clock.now().getTime() - 2000).toISOString(),
      },
    ])
  })

  test('are one for all who ask at the same time, and a new one when that is too old', async () => {
    const [clock, feed] = [new HeldClock(), loaded()]
    const { checkpoints, signed } = build(clock, feed, () => clock.monotonicMilliseconds())
    await Promise.all([checkpoints.ensure(1000), checkpoints.ensure(1000), checkpoints.ensure(0)])
    expect(signed).toHaveLength(1)
    clock.pass(999)
    await checkpoints.ensure(1000)
    expect(signed).toHaveLength(1)
    clock.pass(1)
    await checkpoints.ensure(1000)
    expect(signed).toHaveLength(2)
  })

  test.each([
    [4999, ['checkpoint 10']],
    [5000, ['pulse 10']],
  ])('%d ms after the last confirmation: %j', async (milliseconds, entries) => {
    const [clock, feed] = [new HeldClock(), loaded()]
    const first = feed.ordinalAfter(10) ?? 0
    const known = clock.monotonicMilliseconds()
    const { checkpoints } = build(clock, feed, () => known)
    clock.pass(milliseconds)
    await checkpoints.ensure(0)
    expect(feed.from(first, 10)?.map((entry) => `${entry.kind} ${String(entry.seq)}`)).toEqual(entries)
  })
})
