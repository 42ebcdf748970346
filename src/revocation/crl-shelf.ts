// The CRLs in force, as they are served, each form with a strong validator. A CRL lies in the parts that it was made of; long ones share
// them with the ledger and with the CRL before. PEM is made of them while it is read, and never kept.
import { createHash } from 'node:crypto'
import { type CrlScope, type CrlScopeKey, crlScopeKey } from '../domain/crl-scope.ts'
import type { CrlRecord } from './crl-store.ts'
import { PemCrl } from './pem-crl.ts'

/** One body with what HTTP needs to answer for it from memory. */
export interface Shelved {
  /** One after the other they are the body; they may be made as they are taken, each time anew. */
  readonly parts: Iterable<Uint8Array>
  readonly length: number
  /** Quoted, strong (RFC 9110 §8.8.3): of the SHA-256 of the body, or of what alone the body is made of. */
  readonly etag: string
  readonly lastModified: Date
  readonly expires: Date
}

export interface ShelvedCrl {
  readonly crl: CrlRecord
  readonly der: Shelved & { readonly parts: readonly Uint8Array[] }
  readonly pem: Shelved
}

export class CrlShelf {
  readonly #crls = new Map<CrlScopeKey, ShelvedCrl>()
  /** The newest that is known of each scope, whether or not it could be put here. */
  readonly #known = new Map<CrlScopeKey, CrlRecord>()
  #onPut: (crl: ShelvedCrl) => void = () => undefined

  /** Puts a CRL in force; one with a lower number than the one in force is ignored. */
  put(crl: CrlRecord, parts: readonly Uint8Array[]): void {
    const key = crlScopeKey(crl.scope)
    this.note(crl)
    const current = this.#crls.get(key)
    if (current !== undefined && current.crl.number >= crl.number) return
    const shelved = shelvedCrl(crl, parts)
    this.#crls.set(key, shelved)
    this.#onPut(shelved)
  }

  /** There is such a CRL: what is published next follows it. */
  note(crl: CrlRecord): void {
    const key = crlScopeKey(crl.scope)
    const known = this.#known.get(key)
    if (known === undefined || known.number < crl.number) this.#known.set(key, crl)
  }

  known(scope: CrlScope): CrlRecord | undefined {
    return this.#known.get(crlScopeKey(scope))
  }

  /** Called from here on for each CRL that comes in force. */
  watch(onPut: (crl: ShelvedCrl) => void): void {
    this.#onPut = onPut
  }

  get(scope: CrlScope): ShelvedCrl | undefined {
    return this.#crls.get(crlScopeKey(scope))
  }

  /** By the keys of their scopes, in alphabetical order. */
  all(): readonly ShelvedCrl[] {
    return [...this.#crls].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, shelved]) => shelved)
  }

  /** Those of the issuers themselves, without deltas and partitions. */
  complete(): readonly ShelvedCrl[] {
    return this.all().filter(({ crl }) => crl.scope.kind === 'full')
  }

  /** Every complete CRL in one PEM file, as nginx, HAProxy and PostgreSQL want it; it is as old as the newest and ends with the first. */
  bundle(): Shelved {
    return bundleOf(this.complete())
  }
}

function shelvedCrl(crl: CrlRecord, parts: readonly Uint8Array[]): ShelvedCrl {
  const { length, sha256, thisUpdate, nextUpdate } = crl
  const dates = { lastModified: thisUpdate, expires: nextUpdate }
  const pem = new PemCrl(parts, length)
  return {
    crl,
    der: { parts, length, etag: `"${sha256}"`, ...dates },
    pem: { parts: pem, length: pem.length, etag: `"${sha256}-pem"`, ...dates },
  }
}

function bundleOf(crls: readonly ShelvedCrl[]): Shelved {
  const newest = Math.max(0, ...crls.map(({ crl }) => crl.thisUpdate.getTime()))
  const firstEnd = Math.min(...crls.map(({ crl }) => crl.nextUpdate.getTime()))
  const digest = createHash('sha256').update(crls.map(({ crl }) => crl.sha256).join())
  return {
    parts: {
      *[Symbol.iterator]() {
        for (const { pem } of crls) yield* pem.parts
      },
    },
    length: crls.reduce((sum, { pem }) => sum + pem.length, 0),
    etag: `"${digest.digest('hex')}-pem"`,
    lastModified: new Date(newest),
    expires: new Date(Number.isFinite(firstEnd) ? firstEnd : 0),
  }
}

/** What is short, and lies in one piece. */
export function shelved(body: Uint8Array, lastModified: Date, expires: Date): Shelved {
  const etag = `"${createHash('sha256').update(body).digest('hex')}"`
  return { parts: [body], length: body.length, etag, lastModified, expires }
}
