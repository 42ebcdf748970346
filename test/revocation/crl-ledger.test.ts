import { describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import type { Change, NumberedChange } from '../../src/domain/change.ts'
import { type CrlScope, fullScope } from '../../src/domain/crl-scope.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { CrlLedger } from '../../src/revocation/crl-ledger.ts'
import { serial } from '../storage/fixtures.ts'

const USERS = 'users-1' as IssuerId
const SERVICES = 'services-1' as IssuerId
const NOW = new Date('2026-06-01T12:00:00Z')
const END = addSeconds(NOW, 3600)
const FULL = fullScope(USERS)

type Revocation = Extract<Change, { readonly kind: 'revocation' }>
const revocation = (n: number, more: Partial<Revocation> = {}): Revocation => ({
  kind: 'revocation',
  issuer: USERS,
  serial: serial(n),
  status: 'revoked',
  revokedAt: NOW.getTime(),
  reason: 'superseded',
  notAfter: END.getTime(),
  ...more,
})
const numbered = (from: number, ...changes: Change[]): NumberedChange[] =>
  changes.map((change, index) => ({ seq: from + index, change }))
const other: Change = { kind: 'token-key', kid: 'k' }

function loaded(revision: number, ...changes: Change[]): CrlLedger {
  const ledger = new CrlLedger()
  ledger.load(changes, revision)
  return ledger
}

describe('CrlLedger', () => {
  test('holds each issuer apart, in the order of serials', () => {
    const ledger = loaded(0)
    ledger.apply(numbered(1, revocation(3), revocation(1), revocation(2, { issuer: SERVICES }), revocation(2)))
    expect([ledger.count(USERS), ledger.count(SERVICES)]).toEqual([3, 1])
    const listed = Buffer.concat(ledger.entries(FULL).parts).toString('hex')
    const places = [1, 2, 3]
      .toSorted((one, other) => (serial(one) < serial(other) ? -1 : 1))
      .map((n) => listed.indexOf(serial(n)))
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(places[0]).toBeGreaterThan(0)
  })

  test('a hold is listed, becomes final in its place, and leaves with its release', () => {
    const ledger = loaded(0)
    ledger.apply(numbered(1, revocation(1, { status: 'held', reason: 'certificateHold' })))
    expect(ledger.count(USERS)).toBe(1)
    ledger.apply(numbered(2, revocation(1)))
    expect(ledger.count(USERS)).toBe(1)
    ledger.apply(numbered(3, revocation(2, { status: 'held' }), revocation(2, { status: 'released' })))
    expect(ledger.count(USERS)).toBe(1)
    expect(ledger.hasNewsAfter(FULL, 3)).toBe(true)
    expect(ledger.hasNewsAfter(FULL, 4)).toBe(false)
  })

  test('what is in already is not folded in twice', () => {
    const ledger = loaded(5, revocation(1))
    ledger.apply(numbered(4, revocation(1, { status: 'released' }), revocation(1, { status: 'released' })))
    expect([ledger.revision, ledger.count(USERS)]).toEqual([5, 1])
    ledger.apply(numbered(6, revocation(1, { status: 'released' })))
    expect([ledger.revision, ledger.count(USERS)]).toEqual([6, 0])
  })

  test.each<[what: string, ledger: () => CrlLedger, covers: number, news: boolean]>([
    ['loaded past the CRL: perhaps', () => loaded(7), 6, true],
    ['loaded at the CRL: no', () => loaded(7), 7, false],
    ['a revocation after it', () => applied(8, revocation(1)), 7, true],
    ['a revocation in it', () => applied(8, revocation(1)), 8, false],
    ["another issuer's revocation", () => applied(8, revocation(1, { issuer: SERVICES })), 7, false],
    ['another kind of change', () => applied(8, other), 7, false],
  ])('news: %s', (_, make, covers, news) => {
    expect(make().hasNewsAfter(FULL, covers)).toBe(news)
  })

  test('forgets what ended before, and keeps what ends at that instant', async () => {
    const ledger = loaded(0, revocation(1), revocation(2, { notAfter: END.getTime() - 1 }))
    await ledger.forgetEndedBefore(USERS, END)
    expect(ledger.count(USERS)).toBe(1)
    await ledger.forgetEndedBefore(USERS, addSeconds(END, 1))
    expect(ledger.count(USERS)).toBe(0)
  })

  describe('partitions', () => {
    const partition = (number: number): CrlScope => ({ kind: 'partition', issuer: USERS, partition: number })
    const listed = (ledger: CrlLedger, scope: CrlScope): number[] => {
      const hex = Buffer.concat(ledger.entries(scope).parts).toString('hex')
      return [1, 2, 3, 4].filter((n) => hex.includes(serial(n)))
    }

    test('list their own, and the complete CRL all of them', () => {
      const ledger = loaded(0, revocation(4))
      ledger.apply(
        numbered(1, revocation(1, { partition: 1 }), revocation(2, { partition: 2 }), revocation(3, { partition: 1 })),
      )
      expect([listed(ledger, partition(1)), listed(ledger, partition(2)), listed(ledger, partition(3))]).toEqual([
        [1, 3],
        [2],
        [],
      ])
      expect(listed(ledger, FULL)).toEqual([1, 2, 3, 4])
      const released = revocation(3, { partition: 1, status: 'released' })
      ledger.apply(numbered(4, released))
      expect([listed(ledger, partition(1)), listed(ledger, FULL)]).toEqual([[1], [1, 2, 4]])
    })

    test('have news of their own', () => {
      const ledger = loaded(0)
      ledger.apply(numbered(1, revocation(1, { partition: 1 }), revocation(2, { partition: 2 })))
      expect([1, 2, 3].map((number) => ledger.hasNewsAfter(partition(number), 1))).toEqual([false, true, false])
      expect(ledger.hasNewsAfter(FULL, 1)).toBe(true)
    })
  })

  describe('an older state', () => {
    const bytes = (entries: { readonly parts: readonly Uint8Array[] } | undefined): string | undefined =>
      entries && Buffer.concat(entries.parts).toString('hex')

    test('is that which was, whatever came after', () => {
      const ledger = loaded(0, revocation(1, { status: 'held', reason: 'certificateHold' }), revocation(2))
      const changes = [
        revocation(3),
        revocation(1, { reason: 'keyCompromise' }),
        revocation(4, { partition: 2 }),
        revocation(2, { status: 'released' }),
        revocation(3, { notAfter: END.getTime() + 9000 }),
        revocation(2),
      ]
      const states = [bytes(ledger.entries(FULL))]
      for (const [index, change] of changes.entries()) {
        ledger.apply(numbered(index + 1, change))
        states.push(bytes(ledger.entries(FULL)))
      }
      expect(new Set(states).size).toBeGreaterThan(4)
      for (const [revision, state] of states.entries()) expect(bytes(ledger.entriesAt(FULL, revision))).toBe(state)
      expect(bytes(ledger.entries(FULL))).toBe(states.at(-1))
      expect(ledger.entriesAt(FULL, changes.length + 1)).toBeUndefined()
      ledger.forgetChanges(USERS, 3, 0)
      expect([ledger.entriesAt(FULL, 2), bytes(ledger.entriesAt(FULL, 3))]).toEqual([undefined, states[3]])
    })

    test('from before the load is known only where nothing came between', () => {
      const ledger = loaded(9, revocation(1))
      expect(ledger.entriesAt(FULL, 8)).toBeUndefined()
      ledger.recall(numbered(6, revocation(1), other, other, other), 5)
      const state = bytes(ledger.entries(FULL))
      expect([5, 6, 8, 9].map((revision) => bytes(ledger.entriesAt(FULL, revision)))).toEqual([
        undefined,
        state,
        state,
        state,
      ])
      expect([5, 6].map((revision) => ledger.hasNewsAfter(FULL, revision))).toEqual([true, false])
    })
  })

  describe('what has changed since a base', () => {
    const entriesOf = (ledger: CrlLedger, revision: number) => {
      const hex = Buffer.concat(ledger.changedSince(USERS, revision).parts).toString('hex')
      return [1, 2, 3].filter((n) => hex.includes(serial(n)))
    }
    /** ENUMERATED removeFromCRL. */
    const REMOVED = '0a0108'

    test('is each certificate that was touched, as it stands now', () => {
      const ledger = loaded(0, revocation(1))
      ledger.apply(numbered(1, revocation(2, { status: 'held' }), revocation(3), revocation(2, { status: 'released' })))
      expect([0, 1, 2, 3].map((revision) => entriesOf(ledger, revision))).toEqual([[2, 3], [2, 3], [2], []])
      const hex = Buffer.concat(ledger.changedSince(USERS, 2).parts).toString('hex')
      expect(hex).toContain(REMOVED)
      expect(ledger.changedSince(USERS, 0)).toMatchObject({ count: 2 })
    })

    test('also from before the load, when that was told', () => {
      const ledger = loaded(9, revocation(1), revocation(3))
      expect([8, 9].map((revision) => ledger.knowsChangesSince(USERS, revision))).toEqual([false, true])
      ledger.recall(numbered(6, revocation(1), revocation(2, { status: 'released' }), other, other), 5)
      ledger.apply(numbered(10, revocation(3)))
      expect([4, 5].map((revision) => ledger.knowsChangesSince(USERS, revision))).toEqual([false, true])
      expect([5, 6, 7, 10].map((revision) => entriesOf(ledger, revision))).toEqual([[1, 2, 3], [2, 3], [3], []])
    })

    test('is bounded: more changes than are remembered need a later base', () => {
      const ledger = loaded(0)
      for (let n = 1; n <= 20_001; n += 1) ledger.apply(numbered(n, revocation(n)))
      expect([0, 1].map((revision) => ledger.knowsChangesSince(USERS, revision))).toEqual([false, true])
      expect(ledger.changedSince(USERS, 1).count).toBe(20_000)
    })
  })

  test('loading anew forgets what was there', () => {
    const ledger = loaded(3, revocation(1), revocation(2))
    ledger.load([revocation(3)], 9)
    expect([ledger.revision, ledger.count(USERS)]).toEqual([9, 1])
  })

  test('loaded anew past the CRL, there may be news, also of an issuer whose last news are in it', () => {
    const ledger = applied(8, revocation(1))
    ledger.load([revocation(1)], 10)
    expect([ledger.hasNewsAfter(FULL, 9), ledger.hasNewsAfter(FULL, 10)]).toEqual([true, false])
  })
})

function applied(seq: number, change: Change): CrlLedger {
  const ledger = loaded(7)
  ledger.apply(numbered(seq, change))
  return ledger
}
