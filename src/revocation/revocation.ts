// What a revocation, a hold and a release do to a certificate's record (RFC 5280 §5.3.1, CP §4.9): pure, no I/O. The first
// date is kept for ever: a hold that becomes final was in force from the hold on.
import type { CertificateRecord } from '../ca/inventory.ts'
import { CodedError, type Facts } from '../domain/coded-error.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'

export type RevocationErrorCode =
  | 'certificate_unknown'
  | 'revocation_is_final'
  | 'certificate_not_held'
  | 'reason_not_for_leaf'
  | 'authority_needs_ceremony'

export class RevocationRefused extends CodedError<RevocationErrorCode> {
  constructor(code: RevocationErrorCode, facts: Facts = {}) {
    super(code, facts)
  }
}

/** `unchanged`: the record says so already; asking again is no error and keeps the first date. */
export type RevocationOutcome =
  | { readonly kind: 'changed'; readonly record: CertificateRecord }
  | { readonly kind: 'unchanged'; readonly record: CertificateRecord }

/** Reasons that say something of an authority, not of a leaf. */
const AUTHORITY_REASONS: ReadonlySet<RevocationReason> = new Set(['cACompromise', 'aACompromise'])

/**
 * Revokes or holds. Final → hold is refused; hold → final and final → keyCompromise keep the first date; any other reason
 * after a final one changes nothing. Throws `RevocationRefused`.
 */
export function revokeRecord(record: CertificateRecord, reason: RevocationReason, at: Date): RevocationOutcome {
  if (AUTHORITY_REASONS.has(reason)) throw new RevocationRefused('reason_not_for_leaf', { reason })
  const { status } = record
  switch (status) {
    case 'good':
      return {
        kind: 'changed',
        record: { ...record, status: reason === 'certificateHold' ? 'held' : 'revoked', revokedAt: at, reason },
      }
    case 'held':
      if (reason === 'certificateHold') return { kind: 'unchanged', record }
      return { kind: 'changed', record: { ...record, status: 'revoked', reason } }
    case 'revoked':
      if (reason === 'certificateHold') throw new RevocationRefused('revocation_is_final', { serial: record.serial })
      if (reason !== 'keyCompromise' || record.reason === 'keyCompromise') return { kind: 'unchanged', record }
      return { kind: 'changed', record: { ...record, reason } }
    default:
      return status satisfies never
  }
}

/** Why a CA may be revoked. It is not held: whoever trusted it meanwhile would not know. */
export const AUTHORITY_REVOCATION_REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const satisfies readonly RevocationReason[]

export type AuthorityReason = (typeof AUTHORITY_REVOCATION_REASONS)[number]

/** A CA's certificate. A second revocation changes nothing. */
export function revokeAuthorityRecord(record: CertificateRecord, reason: AuthorityReason, at: Date): RevocationOutcome {
  if (record.status === 'revoked') return { kind: 'unchanged', record }
  return { kind: 'changed', record: { ...record, status: 'revoked', revokedAt: record.revokedAt ?? at, reason } }
}

/** Ends a hold. Throws `RevocationRefused` when the certificate is not held. */
export function releaseRecord(record: CertificateRecord): CertificateRecord {
  if (record.status !== 'held') throw new RevocationRefused('certificate_not_held', { serial: record.serial })
  const released: { -readonly [Field in keyof CertificateRecord]: CertificateRecord[Field] } = {
    ...record,
    status: 'good',
  }
  delete released.revokedAt
  delete released.reason
  return released
}
