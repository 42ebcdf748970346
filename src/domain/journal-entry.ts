// What the journal outside the database holds (one JSON object a line): enough to know, after a restore of an older
// backup, every certificate that was released, every revocation that was acknowledged, what else has ended, and by the numbers of
// the changes whether any is missing. No secrets, and no hashes of any.
import type { AuditAct } from './audit-event.ts'
import type { Change } from './change.ts'
import type { IssuerId } from './issuer-id.ts'
import type { ProfileName } from './profile-name.ts'
import type { RevocationReason } from './revocation-reason.ts'
import type { SerialNumber } from './serial-number.ts'

export type JournalEntry =
  | {
      readonly kind: 'issued'
      readonly issuer: IssuerId
      readonly serial: SerialNumber
      readonly profile: ProfileName
      readonly identity: string
      readonly requester: string
      /** The certificate, DER in base64. */
      readonly certificate: string
      /** The partition of the issuer's CRLs that it names; absent: the complete CRL. */
      readonly partition?: number
      /** These three are absent where a certificate has none, and in lines from before they were written. */
      readonly project?: string
      readonly obtainedWith?: string
      /** RFC 3339 */
      readonly renewUntil?: string
    }
  /** Partitions of an issuer's CRLs, opened together: the first number, and the URL of each in its order. */
  | {
      readonly kind: 'partitions'
      readonly issuer: IssuerId
      readonly generation: number
      readonly first: number
      readonly urls: readonly string[]
      /** RFC 3339 */
      readonly at: string
    }
  | {
      readonly kind: 'revoked' | 'held' | 'released'
      readonly issuer: IssuerId
      readonly serial: SerialNumber
      readonly reason: RevocationReason
      /** RFC 3339 */
      readonly at: string
    }
  /** Every change of the log, by its number: a number that no journal has is a journal that is missing. */
  | { readonly kind: 'change'; readonly seq: number; readonly of: JournalledChange }
  /** An audit event of which nothing above tells. */
  | { readonly kind: 'act'; readonly act: AuditAct; readonly object: string; readonly actor: string }

/** What of a change a restore needs: all of it, and of people and their credentials only which, and whether it has ended. */
export type JournalledChange =
  | Exclude<Change, { readonly kind: 'api-key' | 'session' | 'sign-in' | 'model' | 'model-group' | 'deployment' }>
  | Pick<Extract<Change, { readonly kind: 'api-key' }>, 'kind' | 'prefix' | 'user' | 'status'>
  | Pick<Extract<Change, { readonly kind: 'model' }>, 'kind' | 'id' | 'name' | 'status'>
  | Pick<Extract<Change, { readonly kind: 'model-group' }>, 'kind' | 'id' | 'name' | 'status'>
  | Pick<Extract<Change, { readonly kind: 'deployment' }>, 'kind' | 'name' | 'project' | 'status'>
  | { readonly kind: 'session' | 'sign-in' }
  /** The last number of a restore: what follows it is of a new epoch. */
  | { readonly kind: 'restored'; readonly epoch: string }

export function journalledChange(change: Change): JournalledChange {
  const { kind } = change
  if (kind === 'session' || kind === 'sign-in') return { kind }
  if (kind === 'api-key') return { kind, prefix: change.prefix, user: change.user, status: change.status }
  if (kind === 'deployment') return { kind, name: change.name, project: change.project, status: change.status }
  if (kind === 'model') return { kind, id: change.id, name: change.name, status: change.status }
  if (kind === 'model-group') return { kind, id: change.id, name: change.name, status: change.status }
  return change
}

/** Acts of which another line tells: the certificate's own, or the change of the CRL. */
const TOLD_BY_OTHERS: ReadonlySet<AuditAct> = new Set([
  'certificate.issue',
  'certificate.revoke',
  'certificate.hold',
  'certificate.release',
  'crl.publish',
])

export function isJournalledAct(act: AuditAct): boolean {
  return !TOLD_BY_OTHERS.has(act)
}
