// What the journal outside the database holds (one JSON object a line): enough to know, after a restore of an older
// backup, every certificate that was released and every revocation that was acknowledged. No secrets.
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
