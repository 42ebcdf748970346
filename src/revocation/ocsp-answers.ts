// Signed OCSP answers that are given again, by the serial they are about, with what was read of it. A revocation or release
// takes away what is kept in the step that folds the change in; an answer that was being made at that moment is not kept.
import type { NumberedChange } from '../domain/change.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { OcspErrorStatus } from '../x509/ocsp-response.ts'
import type { Shelved } from './crl-shelf.ts'
import type { OcspFacts } from './ocsp-status.ts'

export type OcspAnswer =
  /** May be kept by caches until it expires. */
  | { readonly kind: 'kept'; readonly answer: KeptAnswer; readonly from: 'memory' | 'signature' }
  /** For this request alone. */
  | { readonly kind: 'fresh'; readonly body: Uint8Array }
  | { readonly kind: 'error'; readonly status: OcspErrorStatus }

export interface KeptAnswer {
  readonly body: Uint8Array<ArrayBuffer>
  /** The body with what caches are told of it. */
  readonly shelved: Shelved
  readonly kind: 'good' | 'revoked'
  /** From this instant on another one is signed. */
  readonly reuseUntil: Date
}

/** What is kept of one certificate until something happens to it. */
export interface OcspEntry {
  facts: Promise<OcspFacts> | undefined
  /** By the CertID as it was asked, since the answer repeats it: hash and parameters may differ. */
  readonly answers: Map<string, KeptAnswer>
  /** Answers that are being made, for all who ask the same meanwhile. */
  readonly making: Map<string, Promise<OcspAnswer>>
  /** Of the last answer that was signed, also before the last change: the next one's is later. */
  latestThisUpdate: Date | undefined
}

/** Each takes about 2 KB with its answer. What is over goes in the order in which it came. */
export const MAX_OCSP_ENTRIES = 16_384

export class OcspAnswers {
  readonly #entries = new Map<SerialNumber, OcspEntry>()
  readonly #maxEntries: number
  /** Serials of CAs and responders: when something happens to one of them, no answer is what it was. */
  #broad: ReadonlySet<string> = new Set()
  #onBroad: () => void = () => undefined

  constructor(maxEntries: number = MAX_OCSP_ENTRIES) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#entries.size
  }

  /** `onTouched` is told when something happens to one of `serials`, after all answers are gone. */
  watchBroadly(serials: Iterable<string>, onTouched: () => void): void {
    this.#broad = new Set(serials)
    this.#onBroad = onTouched
  }

  get(serial: SerialNumber): OcspEntry | undefined {
    return this.#entries.get(serial)
  }

  /** The entry of that serial, made when there is none. */
  entry(serial: SerialNumber): OcspEntry {
    const known = this.#entries.get(serial)
    if (known !== undefined) return known
    const made = emptyEntry(undefined)
    this.#entries.set(serial, made)
    if (this.#entries.size > this.#maxEntries) this.#dropOldest()
    return made
  }

  /** Whether nothing has happened to it since it was given out. */
  isCurrent(serial: SerialNumber, entry: OcspEntry): boolean {
    return this.#entries.get(serial) === entry
  }

  /** For what was read of a serial that says nothing to keep: strangers ask about what they like. */
  drop(serial: SerialNumber, entry: OcspEntry): void {
    if (this.isCurrent(serial, entry)) this.#entries.delete(serial)
  }

  apply(changes: readonly NumberedChange[]): void {
    for (const { change } of changes) {
      if (change.kind === 'quarantine') this.purgeAll()
      if (change.kind !== 'revocation') continue
      this.#purge(change.serial)
      if (!this.#broad.has(change.serial)) continue
      this.purgeAll()
      this.#onBroad()
    }
  }

  /** Whatever may have happened: after a gap in what was heard. */
  purgeAll(): void {
    for (const serial of [...this.#entries.keys()]) this.#purge(serial)
  }

  #purge(serial: SerialNumber): void {
    const before = this.#entries.get(serial)
    if (before === undefined) return
    this.#entries.set(serial, emptyEntry(before.latestThisUpdate))
  }

  #dropOldest(): void {
    for (const serial of this.#entries.keys()) {
      this.#entries.delete(serial)
      return
    }
  }
}

function emptyEntry(latestThisUpdate: Date | undefined): OcspEntry {
  return { facts: undefined, answers: new Map(), making: new Map(), latestThisUpdate }
}
