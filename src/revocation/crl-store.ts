// What publishing CRLs needs of a transaction: the number moves by compare-and-swap, so that two processes cannot publish
// one number twice, and a CRL that covers less cannot follow one that covers more.
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'

export interface PublishedCrl {
  readonly issuer: IssuerId
  /** cRLNumber (RFC 5280 §5.2.3): at least the Unix time of `thisUpdate`. */
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** The change-log number up to which revocations are in it. */
  readonly coversRevision: number
  readonly der: Uint8Array
}

export interface RevokedCertificate {
  readonly serial: SerialNumber
  readonly revokedAt: Date
  readonly reason: RevocationReason
  readonly notAfter: Date
}

export interface CrlStore {
  latestCrl(issuer: IssuerId): Promise<PublishedCrl | undefined>
  /**
   * Makes `next` the latest if the latest number is still `seenNumber` (0: none yet). Throws `CrlSuperseded` otherwise,
   * and when `next` does not have a higher number, a later thisUpdate and an equal or higher coversRevision.
   */
  advanceCrl(seenNumber: number, next: PublishedCrl): Promise<void>
  /** Held and revoked certificates of an issuer that end after `endsAfter`, in the order of their serials. */
  revokedCertificates(issuer: IssuerId, endsAfter: Date): Promise<readonly RevokedCertificate[]>
}
