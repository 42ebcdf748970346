// What OCSP says of one certificate (RFC 6960 §2.2), from what the inventory and this process's memory know. Pure. `good` is
// what is left when nothing speaks against it.
import type { CertificateRecord } from '../ca/inventory.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { StatedCertStatus } from '../x509/ocsp-response-data.ts'

export type OcspRecord = Pick<CertificateRecord, 'issuer' | 'status' | 'validity' | 'revokedAt' | 'reason'>

/** What the database says of a certificate and of the CA that signed it. */
export interface OcspFacts {
  /** Undefined: never issued, or not by us. */
  readonly record: OcspRecord | undefined
  /** Of the issuing CA's own certificate. */
  readonly authority: OcspRecord | undefined
}

/** How far this process may speak: `quarantined` after a restore that is not confirmed yet. */
export type OcspStanding = 'current' | 'stale' | 'quarantined'

export interface OcspView {
  readonly issuer: IssuerId
  /** What the snapshot of this process says: it follows the change log, and may be ahead of what was read. */
  readonly remembered: 'revoked' | 'held' | undefined
  readonly standing: OcspStanding
  readonly now: Date
}

/** `doubt`: nothing is said, and the client is told to come again. */
export type OcspVerdict = StatedCertStatus | { readonly kind: 'doubt' }

const DOUBT: OcspVerdict = { kind: 'doubt' }
const UNKNOWN: OcspVerdict = { kind: 'unknown' }

export function ocspVerdict({ record, authority }: OcspFacts, view: OcspView): OcspVerdict {
  if (view.standing === 'stale') return DOUBT
  const revoked = revokedBy(record, view.issuer) ?? revokedWithAuthority(authority)
  if (revoked !== undefined) return revoked
  // After a restore the inventory may lack what was issued and what was revoked since the backup.
  if (view.standing === 'quarantined') return DOUBT
  if (record?.issuer !== view.issuer) return UNKNOWN
  // Memory and database disagree for the moment in which a release or a revocation is on its way.
  if (view.remembered !== undefined) return DOUBT
  // §4.4.4: there is no archive cutoff, so nothing is promised past a certificate's end but what was revoked.
  if (record.validity.notAfter < view.now) return UNKNOWN
  return { kind: 'good' }
}

function revokedBy(record: OcspRecord | undefined, issuer: IssuerId): StatedCertStatus | undefined {
  if (record === undefined || record.issuer !== issuer || record.status === 'good') return undefined
  const { revokedAt, reason } = record
  if (revokedAt === undefined || reason === undefined) throw new Error('a revoked certificate without date and reason')
  return { kind: 'revoked', at: revokedAt, reason }
}

/** §2.7: with its CA, every certificate is revoked, also one that we know nothing of. */
function revokedWithAuthority(authority: OcspRecord | undefined): StatedCertStatus | undefined {
  if (authority === undefined || authority.status === 'good') return undefined
  const { revokedAt, reason } = authority
  if (revokedAt === undefined || reason === undefined) throw new Error('a revoked CA without date and reason')
  return { kind: 'revoked', at: revokedAt, reason: reasonOfLeaf(reason) }
}

function reasonOfLeaf(reason: RevocationReason): RevocationReason {
  return reason === 'keyCompromise' ? 'cACompromise' : reason
}
