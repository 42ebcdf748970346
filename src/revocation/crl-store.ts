// What publishing CRLs needs of a transaction: the number of each scope moves by compare-and-swap, so that two processes cannot
// publish one number twice, and a CRL that covers less cannot follow one that covers more.
import { createHash } from 'node:crypto'
import type { CrlScope } from '../domain/crl-scope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'

/** The complete CRL that a delta adds to (RFC 5280 §5.2.4). */
export interface CrlBase {
  readonly number: number
  readonly coversRevision: number
}

/** What is known of a CRL beside its bytes. */
export interface CrlFacts {
  readonly scope: CrlScope
  /** cRLNumber (RFC 5280 §5.2.3): at least the Unix time of `thisUpdate`; the scopes of one issuer share a series. */
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** The change-log number up to which revocations are in it. */
  readonly coversRevision: number
  /** Entries of certificates that ended before it are not in it: an earlier CRL has listed them past their end. */
  readonly endedBefore: Date
  /** Of a delta alone. */
  readonly base: CrlBase | undefined
}

/** How the bytes are kept: a long CRL is made again from the ledger, and what comes out must have this digest. */
export type CrlContent =
  | { readonly kind: 'whole'; readonly der: Uint8Array }
  | { readonly kind: 'rebuilt'; readonly signature: Uint8Array }
  /** Its readers have it and we do not, since a restore: what follows has a higher number, and nothing is served meanwhile. */
  | { readonly kind: 'gone' }

export interface CrlRecord extends CrlFacts {
  /** Octets of the whole CRL in DER. */
  readonly length: number
  /** Of the whole CRL in DER, hexadecimal. */
  readonly sha256: string
  readonly content: CrlContent
}

/** The record of a CRL that is kept whole. */
export function wholeCrl(facts: CrlFacts, der: Uint8Array): CrlRecord {
  const sha256 = createHash('sha256').update(der).digest('hex')
  return { ...facts, length: der.length, sha256, content: { kind: 'whole', der } }
}

export interface RevokedCertificate {
  readonly serial: SerialNumber
  readonly revokedAt: Date
  readonly reason: RevocationReason
  readonly notAfter: Date
}

export interface CrlStore {
  latestCrl(scope: CrlScope): Promise<CrlRecord | undefined>
  /** The latest of each scope of an issuer. */
  latestCrls(issuer: IssuerId): Promise<readonly CrlRecord[]>
  /**
   * Makes `next` the latest of its scope if the latest number is still `seenNumber` (0: none yet). Throws `CrlSuperseded`
   * otherwise, and when `next` does not have a higher number, a later thisUpdate and an equal or higher coversRevision.
   */
  advanceCrl(seenNumber: number, next: CrlRecord): Promise<void>
  /** Held and revoked certificates of an issuer that end after `endsAfter`, in the order of their serials. */
  revokedCertificates(issuer: IssuerId, endsAfter: Date): Promise<readonly RevokedCertificate[]>
}
