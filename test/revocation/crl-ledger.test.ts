import { describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import type { Change, NumberedChange } from '../../src/domain/change.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { CrlLedger } from '../../src/revocation/crl-ledger.ts'
import { serial } from '../storage/fixtures.ts'

const USERS = 'users-1' as IssuerId
const SERVICES = 'services-1' as IssuerId
const NOW = new Date('2026-06-01T12:00:00Z')
const END = addSeconds(NOW, 3600)

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
  test('holds each issuer apart, in the order of revocation', () => {
    const ledger = loaded(0)
    ledger.apply(numbered(1, revocation(3), revocation(1), revocation(2, { issuer: SERVICES }), revocation(2)))
    expect([ledger.count(USERS), ledger.count(SERVICES)]).toEqual([3, 1])
    const listed = [...ledger.entries(USERS)].map((entry) => Buffer.from(entry).toString('hex'))
    expect(listed.map((hex) => [3, 1, 2].findIndex((n) => hex.includes(serial(n))))).toEqual([0, 1, 2])
  })

  test('a hold is listed, becomes final in its place, and leaves with its release', () => {
    const ledger = loaded(0)
    ledger.apply(numbered(1, revocation(1, { status: 'held', reason: 'certificateHold' })))
    expect(ledger.count(USERS)).toBe(1)
    ledger.apply(numbered(2, revocation(1)))
    expect(ledger.count(USERS)).toBe(1)
    ledger.apply(numbered(3, revocation(2, { status: 'held' }), revocation(2, { status: 'released' })))
    expect(ledger.count(USERS)).toBe(1)
    expect(ledger.hasNewsAfter(USERS, 3)).toBe(true)
    expect(ledger.hasNewsAfter(USERS, 4)).toBe(false)
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
    expect(make().hasNewsAfter(USERS, covers)).toBe(news)
  })

  test('forgets what ended before, and keeps what ends at that instant', () => {
    const ledger = loaded(0, revocation(1), revocation(2, { notAfter: END.getTime() - 1 }))
    ledger.forgetEndedBefore(USERS, END)
    expect(ledger.count(USERS)).toBe(1)
    ledger.forgetEndedBefore(USERS, addSeconds(END, 1))
    expect(ledger.count(USERS)).toBe(0)
  })

  test('loading anew forgets what was there', () => {
    const ledger = loaded(3, revocation(1), revocation(2))
    ledger.load([revocation(3)], 9)
    expect([ledger.revision, ledger.count(USERS)]).toEqual([9, 1])
  })

  test('loaded anew past the CRL, there may be news, also of an issuer whose last news are in it', () => {
    const ledger = applied(8, revocation(1))
    ledger.load([revocation(1)], 10)
    expect([ledger.hasNewsAfter(USERS, 9), ledger.hasNewsAfter(USERS, 10)]).toEqual([true, false])
  })
})

function applied(seq: number, change: Change): CrlLedger {
  const ledger = loaded(7)
  ledger.apply(numbered(seq, change))
  return ledger
}
