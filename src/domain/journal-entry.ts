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
    }
  | {
      readonly kind: 'revoked' | 'held' | 'released'
      readonly issuer: IssuerId
      readonly serial: SerialNumber
      readonly reason: RevocationReason
      /** RFC 3339 */
      readonly at: string
    }
