// Rule 34 as a table: what each reason does to a certificate that is good, held or revoked. The first date stays for ever.
import { describe, expect, test } from 'vitest'
import type { CertificateRecord } from '../../src/ca/inventory.ts'
import { REVOCATION_REASONS, type RevocationReason } from '../../src/domain/revocation-reason.ts'
import { releaseRecord, RevocationRefused, revokeRecord } from '../../src/revocation/revocation.ts'
import { certificate } from '../storage/fixtures.ts'

const FIRST = new Date('2026-06-01T10:00:00Z')
const NOW = new Date('2026-06-01T12:00:00Z')

const good = certificate(1)
const held: CertificateRecord = { ...good, status: 'held', revokedAt: FIRST, reason: 'certificateHold' }
const revoked = (reason: RevocationReason): CertificateRecord => ({
  ...good,
  status: 'revoked',
  revokedAt: FIRST,
  reason,
})

type Row = readonly [from: string, record: CertificateRecord, reason: RevocationReason, becomes: string]

function outcome(act: () => { readonly kind: string; readonly record: CertificateRecord }): string {
  try {
    const { kind, record } = act()
    const date = record.revokedAt === undefined ? 'no date' : record.revokedAt === FIRST ? 'first date' : 'now'
    return `${kind}: ${record.status} ${record.reason ?? ''} ${date}`
  } catch (error) {
    if (error instanceof RevocationRefused) return error.code
    throw error
  }
}

const FINAL = (Object.keys(REVOCATION_REASONS) as RevocationReason[]).filter(
  (reason) => !['certificateHold', 'cACompromise', 'aACompromise'].includes(reason),
)

const ROWS: readonly Row[] = [
  ['good', good, 'certificateHold', 'changed: held certificateHold now'],
  ...FINAL.map((reason): Row => ['good', good, reason, `changed: revoked ${reason} now`]),
  ['held', held, 'certificateHold', 'unchanged: held certificateHold first date'],
  ...FINAL.map((reason): Row => ['held', held, reason, `changed: revoked ${reason} first date`]),
  ...FINAL.map((reason): Row => [`revoked (${reason})`, revoked(reason), 'certificateHold', 'revocation_is_final']),
  ['revoked (superseded)', revoked('superseded'), 'keyCompromise', 'changed: revoked keyCompromise first date'],
  ['revoked (superseded)', revoked('superseded'), 'superseded', 'unchanged: revoked superseded first date'],
  ['revoked (superseded)', revoked('superseded'), 'unspecified', 'unchanged: revoked superseded first date'],
  ['revoked (keyCompromise)', revoked('keyCompromise'), 'keyCompromise', 'unchanged: revoked keyCompromise first date'],
  ['revoked (keyCompromise)', revoked('keyCompromise'), 'superseded', 'unchanged: revoked keyCompromise first date'],
  ...[good, held, revoked('superseded')].flatMap((record): Row[] => [
    [record.status, record, 'cACompromise', 'reason_not_for_leaf'],
    [record.status, record, 'aACompromise', 'reason_not_for_leaf'],
  ]),
]

describe('rule 34: revokeRecord', () => {
  test.each(ROWS)('%s %$ + %s', (_, record, reason, becomes) => {
    expect(outcome(() => revokeRecord(record, reason, NOW))).toBe(becomes)
  })
})

describe('rule 34: releaseRecord', () => {
  test('a hold ends, and nothing of it is left', () => {
    expect(releaseRecord(held)).toEqual(good)
  })
  test.each([
    ['good', good],
    ['revoked', revoked('superseded')],
    ['revoked for compromise', revoked('keyCompromise')],
  ])('%s is refused', (_, record) => {
    expect(outcome(() => ({ kind: 'released', record: releaseRecord(record) }))).toBe('certificate_not_held')
  })
})
