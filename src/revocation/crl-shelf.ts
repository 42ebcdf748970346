// The CRLs in force, encoded once in each form they are asked for, with a strong validator. What many read is made once.
import { createHash } from 'node:crypto'
import { type CrlScope, type CrlScopeKey, crlScopeKey } from '../domain/crl-scope.ts'
import { encodePem } from '../x509/pem.ts'
import type { CrlRecord } from './crl-store.ts'

/** One body with what HTTP needs to answer for it from memory. */
export interface Shelved {
  readonly body: Uint8Array<ArrayBuffer>
  /** Quoted, strong (RFC 9110 §8.8.3): the SHA-256 of the body. */
  readonly etag: string
  readonly lastModified: Date
  readonly expires: Date
}

export interface ShelvedCrl {
  readonly crl: CrlRecord
  readonly der: Shelved
  readonly pem: Shelved
}

export class CrlShelf {
  readonly #crls = new Map<CrlScopeKey, ShelvedCrl>()
  #bundle: Shelved | undefined

  /** Puts a CRL in force; one with a lower number than the one in force is ignored. */
  put(crl: CrlRecord): void {
    const key = crlScopeKey(crl.scope)
    const current = this.#crls.get(key)
    if (current !== undefined && current.crl.number >= crl.number) return
    if (crl.content.kind !== 'whole') throw new Error(`the CRL of ${key} is not kept whole`)
    const { der } = crl.content
    const pem = Buffer.from(encodePem('X509 CRL', der))
    this.#crls.set(key, {
      crl,
      der: shelved(der, crl.thisUpdate, crl.nextUpdate),
      pem: shelved(pem, crl.thisUpdate, crl.nextUpdate),
    })
    this.#bundle = undefined
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
    this.#bundle ??= bundleOf(this.complete())
    return this.#bundle
  }
}

function bundleOf(crls: readonly ShelvedCrl[]): Shelved {
  const newest = Math.max(0, ...crls.map(({ crl }) => crl.thisUpdate.getTime()))
  const firstEnd = Math.min(...crls.map(({ crl }) => crl.nextUpdate.getTime()))
  const ends = Number.isFinite(firstEnd) ? firstEnd : 0
  return shelved(Buffer.concat(crls.map(({ pem }) => pem.body)), new Date(newest), new Date(ends))
}

/** Copies the body once, so that no answer has to: a view of shared memory cannot be the body of one. */
export function shelved(body: Uint8Array, lastModified: Date, expires: Date): Shelved {
  return { body: new Uint8Array(body), etag: `"${sha256(body)}"`, lastModified, expires }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
