// The CRLs in force, as they are served: each form is made once, when it is first asked for, and has a strong validator. A CRL
// lies in the parts that it was made of; long ones share them with the ledger and with the CRL before.
import { createHash } from 'node:crypto'
import { PARTS_THREAD } from '../ca/keystore/parts-thread.ts'
import { type CrlScope, type CrlScopeKey, crlScopeKey } from '../domain/crl-scope.ts'
import type { CrlRecord } from './crl-store.ts'
import { digestOf, lengthOf, LONG_CRL_BYTES } from './make-crl.ts'

/** One body with what HTTP needs to answer for it from memory. */
export interface Shelved {
  /** One after the other they are the body. */
  readonly parts: readonly Uint8Array[]
  readonly length: number
  /** Quoted, strong (RFC 9110 §8.8.3): the SHA-256 of the body. */
  readonly etag: string
  readonly lastModified: Date
  readonly expires: Date
}

export interface ShelvedCrl {
  readonly crl: CrlRecord
  readonly der: Shelved
  /** Made when it is first asked for. */
  pem(): Promise<Shelved>
}

const PEM_BEGIN = Buffer.from('-----BEGIN X509 CRL-----\n')
const PEM_END = Buffer.from('-----END X509 CRL-----\n')

export class CrlShelf {
  readonly #crls = new Map<CrlScopeKey, ShelvedCrl>()
  /** The newest that is known of each scope, whether or not it could be put here. */
  readonly #known = new Map<CrlScopeKey, CrlRecord>()
  #bundle: Promise<Shelved> | undefined
  #onPut: (crl: ShelvedCrl) => void = () => undefined

  /** Puts a CRL in force; one with a lower number than the one in force is ignored. */
  put(crl: CrlRecord, parts: readonly Uint8Array[]): void {
    const key = crlScopeKey(crl.scope)
    this.note(crl)
    const current = this.#crls.get(key)
    if (current !== undefined && current.crl.number >= crl.number) return
    const shelved = shelvedCrl(crl, parts)
    this.#crls.set(key, shelved)
    this.#bundle = undefined
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
  bundle(): Promise<Shelved> {
    this.#bundle ??= bundleOf(this.complete())
    return this.#bundle
  }
}

function shelvedCrl(crl: CrlRecord, parts: readonly Uint8Array[]): ShelvedCrl {
  const { length, sha256, thisUpdate, nextUpdate } = crl
  let pem: Promise<Shelved> | undefined
  return {
    crl,
    der: { parts, length, etag: `"${sha256}"`, lastModified: thisUpdate, expires: nextUpdate },
    pem: () => (pem ??= pemOf(crl, parts)),
  }
}

async function pemOf({ length, thisUpdate, nextUpdate }: CrlRecord, parts: readonly Uint8Array[]): Promise<Shelved> {
  const lines =
    length >= LONG_CRL_BYTES
      ? await PARTS_THREAD.run({ kind: 'base64', parts })
      : Buffer.from(
          Buffer.concat(parts)
            .toString('base64')
            .replaceAll(/.{1,64}/g, '$&\n'),
        )
  return shelvedParts([PEM_BEGIN, lines, PEM_END], thisUpdate, nextUpdate)
}

/** Of the parts of each PEM: nothing is kept twice. */
async function bundleOf(crls: readonly ShelvedCrl[]): Promise<Shelved> {
  const newest = Math.max(0, ...crls.map(({ crl }) => crl.thisUpdate.getTime()))
  const firstEnd = Math.min(...crls.map(({ crl }) => crl.nextUpdate.getTime()))
  const ends = Number.isFinite(firstEnd) ? firstEnd : 0
  const pems = await Promise.all(crls.map((shelved) => shelved.pem()))
  return shelvedParts(
    pems.flatMap(({ parts }) => parts),
    new Date(newest),
    new Date(ends),
  )
}

async function shelvedParts(parts: readonly Uint8Array[], lastModified: Date, expires: Date): Promise<Shelved> {
  return { parts, length: lengthOf(parts), etag: `"${await digestOf(parts)}"`, lastModified, expires }
}

/** What is short, and lies in one piece. */
export function shelved(body: Uint8Array, lastModified: Date, expires: Date): Shelved {
  const etag = `"${createHash('sha256').update(body).digest('hex')}"`
  return { parts: [body], length: body.length, etag, lastModified, expires }
}
