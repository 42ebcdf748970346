// The revoked and held certificates of each issuer, kept in memory as encoded CRL entries and in step with the change log,
// so that publishing a CRL reads no table. It knows no keys and signs nothing.
import type { NumberedChange } from '../domain/change.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { encodeRevokedEntry } from '../x509/tbs-crl.ts'
import type { RevokedCertificate } from './crl-store.ts'

interface LedgerEntry {
  readonly encoded: Uint8Array
  readonly notAfter: number
}

export class CrlLedger {
  readonly #issuers = new Map<IssuerId, Map<SerialNumber, LedgerEntry>>()
  /** Change-log number of the latest revocation or release, by issuer. */
  readonly #touched = new Map<IssuerId, number>()
  #revision = 0

  /** The change-log number up to which everything is in. */
  get revision(): number {
    return this.#revision
  }

  /** Takes the revocations of one issuer as they stood at `revision`. */
  load(issuer: IssuerId, revoked: Iterable<RevokedCertificate>, revision: number): void {
    const entries = this.#entriesOf(issuer)
    for (const { serial, revokedAt, reason, notAfter } of revoked) {
      entries.set(serial, entryOf(serial, revokedAt, reason, notAfter.getTime()))
    }
    this.#revision = Math.max(this.#revision, revision)
  }

  /** Folds changes in, in their order; those at or below `revision` are in already. */
  apply(changes: readonly NumberedChange[]): void {
    for (const { seq, change } of changes) {
      if (seq <= this.#revision) continue
      this.#revision = seq
      if (change.kind !== 'revocation') continue
      this.#touched.set(change.issuer, seq)
      const entries = this.#entriesOf(change.issuer)
      if (change.status === 'released') entries.delete(change.serial)
      else entries.set(change.serial, entryOf(change.serial, new Date(change.revokedAt), change.reason, change.notAfter))
    }
  }

  /** Whether something was revoked or released after `coversRevision`. */
  hasNewsAfter(issuer: IssuerId, coversRevision: number): boolean {
    return (this.#touched.get(issuer) ?? 0) > coversRevision
  }

  /** Encoded entries of an issuer in the order in which they were revoked. */
  *entries(issuer: IssuerId): Iterable<Uint8Array> {
    for (const { encoded } of this.#entriesOf(issuer).values()) yield encoded
  }

  count(issuer: IssuerId): number {
    return this.#entriesOf(issuer).size
  }

  /** Drops entries whose certificates ended before `endedBefore`: they have been on a CRL after their end (RFC 5280 §3.3). */
  forgetEndedBefore(issuer: IssuerId, endedBefore: Date): void {
    const entries = this.#entriesOf(issuer)
    for (const [serial, { notAfter }] of entries) if (notAfter < endedBefore.getTime()) entries.delete(serial)
  }

  #entriesOf(issuer: IssuerId): Map<SerialNumber, LedgerEntry> {
    const known = this.#issuers.get(issuer)
    if (known !== undefined) return known
    const made = new Map<SerialNumber, LedgerEntry>()
    this.#issuers.set(issuer, made)
    return made
  }
}

function entryOf(serial: SerialNumber, revokedAt: Date, reason: RevocationReason, notAfter: number): LedgerEntry {
  return { encoded: encodeRevokedEntry({ serial, revocationDate: revokedAt, reason }), notAfter }
}
