// Signed OCSP answers that are given again, by the serial they are about, with what was read of it. A revocation or release
// takes away what is kept in the step that folds the change in; an answer that was being made at that moment is not kept.
import type { NumberedChange } from '../domain/change.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { OcspErrorStatus } from '../x509/ocsp-response.ts'
import type { Shelved } from './crl-shelf.ts'
import { OcspEntries, type Used } from './ocsp-entries.ts'
import type { OcspFacts } from './ocsp-status.ts'

export type OcspAnswer =
  /** May be kept by caches until it expires. */
  | { readonly kind: 'kept'; readonly answer: KeptAnswer; readonly from: 'memory' | 'signature' }
  /** For this request alone. */
  | { readonly kind: 'fresh'; readonly body: Uint8Array }
  | OcspError

export interface OcspError {
  readonly kind: 'error'
  readonly status: OcspErrorStatus
}

export interface KeptAnswer {
  /** The body with what caches are told of it. */
  readonly shelved: Shelved
  readonly body: Uint8Array<ArrayBuffer>
  readonly kind: 'good' | 'revoked'
  /** From this instant on another one is signed. */
  readonly reuseUntil: Date
  /** Whose certificate it is about, which one, and where it is kept: it holds for as long as that is the place. */
  readonly issuer: IssuerId
  readonly serial: SerialNumber
  readonly entry: OcspEntry
}

/** What is kept of one certificate until something happens to it. */
export interface OcspEntry extends Used {
  facts: Promise<OcspFacts> | undefined
  /** By the CertID as it was asked, since the answer repeats it: hash and parameters may differ. */
  readonly answers: Map<string, KeptAnswer>
  /** Answers that are being made, for all who ask the same meanwhile. */
  readonly making: Map<string, Promise<OcspAnswer>>
  /** Of the last answer that was signed, also before the last change: the next one's is later. */
  latestThisUpdate: Date | undefined
}

/** Each takes about 2 KB with its answer. */
export const MAX_OCSP_ENTRIES = 16_384

export class OcspAnswers {
  readonly #entries: OcspEntries<OcspEntry>
  /** Serials of CAs and responders: when something happens to one of them, no answer is what it was. */
  #broad: ReadonlySet<string> = new Set()
  #onBroad: () => void = () => undefined

  constructor(maxEntries: number = MAX_OCSP_ENTRIES) {
    this.#entries = new OcspEntries(maxEntries)
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
    const made = emptyEntry()
    this.#entries.put(serial, made)
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

  /** The same where nothing was said at all; when something was said before, the next answer has to be later. */
  dropUnsaid(serial: SerialNumber, entry: OcspEntry): void {
    if (entry.latestThisUpdate === undefined) this.drop(serial, entry)
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
    for (const serial of this.#entries.serials()) this.#purge(serial)
  }

  #purge(serial: SerialNumber): void {
    const before = this.#entries.get(serial)
    if (before === undefined) return
    const { latestThisUpdate, wasUsed } = before
    this.#entries.put(serial, { ...emptyEntry(), latestThisUpdate, wasUsed })
  }
}

function emptyEntry(): OcspEntry {
  return { facts: undefined, answers: new Map(), making: new Map(), latestThisUpdate: undefined, wasUsed: false }
}
