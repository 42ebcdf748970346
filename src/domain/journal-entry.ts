// What the journal outside the database holds (one JSON object a line): enough to know, after a restore of an older
// backup, every certificate that was released, every revocation that was acknowledged, what else has ended, and by the numbers of
// the changes whether any is missing. No secrets, and no hashes by which one could be tried.
import { createHash } from 'node:crypto'
import type { DeploymentPolicy } from './access-policy.ts'
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
  /** A CRL that was made offline: nobody can make it again without the root at hand. DER in base64. */
  | { readonly kind: 'authority-crl'; readonly issuer: IssuerId; readonly crl: string }
  /** Another key has taken the place of the certificate's; it is revoked then, if it does not end before. */
  | {
      readonly kind: 'replaced'
      readonly serial: SerialNumber
      readonly by: SerialNumber
      /** RFC 3339 */
      readonly revokeAt?: string
    }
  /** Whose the lines are that follow. A journal may have been begun by another installation. */
  | { readonly kind: 'installation'; readonly id: string }
  /** Every change of the log, by its number: a number that no journal has is a journal that is missing. */
  | { readonly kind: 'change'; readonly seq: number; readonly of: JournalledChange }
  /** An audit event of which nothing above tells. */
  | { readonly kind: 'act'; readonly act: AuditAct; readonly object: string; readonly actor: string }

type DeploymentChange = Extract<Change, { readonly kind: 'deployment' }>

/** Whether a passphrase is still the same one can be told, and nothing else. */
export interface JournalledPassphrase {
  readonly id: string
  /** 32 bits of a digest over the salted hash. Without the salt, which is not here, no passphrase can be tried by it. */
  readonly mark: string
}

export type JournalledDeployment = Omit<DeploymentChange, 'policy'> & {
  readonly policy: Omit<DeploymentPolicy, 'passphrases'> & { readonly passphrases: readonly JournalledPassphrase[] }
}

/** What of a change a restore needs: all of it, but of credentials only which, and whether it has ended. */
export type JournalledChange =
  | Exclude<Change, { readonly kind: 'api-key' | 'session' | 'deployment' }>
  | Pick<Extract<Change, { readonly kind: 'api-key' }>, 'kind' | 'prefix' | 'user' | 'status'>
  | JournalledDeployment
  | { readonly kind: 'session' }
  /** The last number of a restore: what follows it is of a new epoch. `after`: the highest number that it knew of the one before. */
  | { readonly kind: 'restored'; readonly epoch: string; readonly after?: number }

export function journalledChange(change: Change): JournalledChange {
  const { kind } = change
  if (kind === 'session') return { kind }
  if (kind === 'api-key') return { kind, prefix: change.prefix, user: change.user, status: change.status }
  if (kind !== 'deployment') return change
  const passphrases = change.policy.passphrases.map(({ id, hash }) => ({ id, mark: passphraseMark(hash) }))
  return { ...change, policy: { ...change.policy, passphrases } }
}

const MARK_CHARACTERS = 8

export function passphraseMark(hash: string): string {
  return createHash('sha256').update(hash).digest('hex').slice(0, MARK_CHARACTERS)
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
