// The revoked and held certificates of each issuer, kept in memory as encoded CRL entries and in step with the change log,
// so that publishing a CRL reads no table. It knows no keys and signs nothing.
import type { Change, NumberedChange } from '../domain/change.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { encodeRevokedEntry } from '../x509/tbs-crl.ts'

interface LedgerEntry {
  readonly encoded: Uint8Array
  readonly notAfter: number
}

export class CrlLedger {
  readonly #issuers = new Map<IssuerId, Map<SerialNumber, LedgerEntry>>()
  /** Change-log number of the latest revocation or release, by issuer. */
  readonly #touched = new Map<IssuerId, number>()
  #revision = 0
  #loadedAt = 0

  /** The change-log number up to which everything is in. */
  get revision(): number {
    return this.#revision
  }

  /**
   * Takes the whole state as it stood at `revision`, one change for each thing there is. Every issuer counts as touched
   * then: what happened between its last CRL and `revision` is not known here, and a CRL too many harms nobody.
   */
  load(state: Iterable<Change>, revision: number): void {
    this.#issuers.clear()
    this.#touched.clear()
    for (const change of state) if (change.kind === 'revocation') this.#fold(change)
    this.#loadedAt = revision
    this.#revision = revision
  }

  /** Folds changes in, in their order; those at or below `revision` are in already. */
  apply(changes: readonly NumberedChange[]): void {
    for (const { seq, change } of changes) {
      if (seq <= this.#revision) continue
      this.#revision = seq
      if (change.kind !== 'revocation') continue
      this.#touched.set(change.issuer, seq)
      this.#fold(change)
    }
  }

  #fold(change: Change & { readonly kind: 'revocation' }): void {
    const entries = this.#entriesOf(change.issuer)
    if (change.status === 'released') entries.delete(change.serial)
    else entries.set(change.serial, entryOf(change))
  }

  /** Whether something was revoked or released after `coversRevision`. */
  hasNewsAfter(issuer: IssuerId, coversRevision: number): boolean {
    return (this.#touched.get(issuer) ?? this.#loadedAt) > coversRevision
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

function entryOf({ serial, revokedAt, reason, notAfter }: Change & { readonly kind: 'revocation' }): LedgerEntry {
  return { encoded: encodeRevokedEntry({ serial, revocationDate: new Date(revokedAt), reason }), notAfter }
}
