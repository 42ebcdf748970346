// Puts CRLs in force that this process has not made: those that are kept whole as they are, a long one from this process's own
// ledger, and only if every byte of it is that of the CRL that was published. So two processes never serve different bytes
// under one number. What cannot be made again is noted, and the publisher makes a CRL with a higher number.
import { type CrlScopeKey, crlScopeKey } from '../domain/crl-scope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { CrlIssuer } from './crl-issuer.ts'
import type { CrlLedger } from './crl-ledger.ts'
import type { CrlShelf } from './crl-shelf.ts'
import type { CrlRecord } from './crl-store.ts'
import { digestOf, rebuildCrl } from './make-crl.ts'

export class CrlRebuilder {
  readonly #ledger: CrlLedger
  readonly #shelf: CrlShelf
  readonly #issuers: () => readonly CrlIssuer[]
  /** Digests of what this process is about to publish: it has those in its hands. */
  readonly #own = new Map<CrlScopeKey, string>()

  /** `issuers` is read each time: an issuing CA may be added while the service runs. */
  constructor(ledger: CrlLedger, shelf: CrlShelf, issuers: () => readonly CrlIssuer[]) {
    this.#ledger = ledger
    this.#shelf = shelf
    this.#issuers = issuers
  }

  /** Of the publisher: what it tells before it commits need not be made again. */
  isMaking(records: readonly CrlRecord[]): void {
    for (const { scope, sha256 } of records) this.#own.set(crlScopeKey(scope), sha256)
  }

  async takeUp(record: CrlRecord): Promise<void> {
    const { content, scope } = record
    const current = this.#shelf.get(scope)?.crl
    if (current !== undefined && current.number >= record.number) return
    if (this.#own.get(crlScopeKey(scope)) === record.sha256) return
    if (content.kind === 'whole') {
      this.#shelf.put(record, [content.der])
      return
    }
    if (content.kind === 'gone') {
      this.#shelf.note(record)
      return
    }
    const parts = await this.#rebuilt(record, content.signature, this.#issuer(scope.issuer))
    if (parts === undefined) this.#shelf.note(record)
    else this.#shelf.put(record, parts)
  }

  async #rebuilt(
    record: CrlRecord,
    signature: Uint8Array,
    issuer: CrlIssuer | undefined,
  ): Promise<readonly Uint8Array[] | undefined> {
    const { scope } = record
    if (issuer === undefined || (scope.kind === 'partition' && !publishes(issuer, scope.partition))) return undefined
    await this.#ledger.forgetEndedBefore(scope.issuer, record.endedBefore)
    const entries = this.#ledger.entriesAt(scope, record.coversRevision)
    if (entries === undefined) return undefined
    const parts = rebuildCrl(issuer, record, entries, signature)
    return (await digestOf(parts)) === record.sha256 ? parts : undefined
  }

  #issuer(id: IssuerId): CrlIssuer | undefined {
    return this.#issuers().find((issuer) => issuer.id === id)
  }
}

function publishes({ partitions }: CrlIssuer, number: number): boolean {
  return partitions.some((partition) => partition.number === number)
}
