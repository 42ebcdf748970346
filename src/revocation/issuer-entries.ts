// What one issuer has revoked: the entries of each partition, in order, and what happened to them lately. The complete CRL is
// that of all partitions one after the other, so that no entry is kept twice.
import type { Change } from '../domain/change.ts'
import { serialBytes, type SerialNumber } from '../domain/serial-number.ts'
import { encodeRevokedEntry } from '../x509/tbs-crl.ts'
import { type Entry, EntryList, type FrozenEntries } from './entry-list.ts'
import { UnsortedEntries } from './unsorted-entries.ts'

export type Revocation = Extract<Change, { readonly kind: 'revocation' }>

/** Of certificates that name the complete CRL. */
const NO_PARTITION = 0

/**
 * Changes that are remembered at most. Who needs an older state than they lead back to makes the CRL anew, or begins a delta
 * at a later base.
 */
const MAX_REMEMBERED = 20_000

/** The latest thing that happened to a certificate. */
interface Touch {
  readonly seq: number
  readonly partition: number
  readonly revokedAt: number
}

/** How a change is taken back. */
interface Undo {
  readonly seq: number
  readonly partition: number
  readonly serial: SerialNumber
  readonly before: Entry | undefined
}

export class IssuerEntries {
  readonly #lists = new Map<number, EntryList>()
  /** By partition, until all of them are there. */
  readonly #loading = new Map<number, UnsortedEntries>()
  /** Change-log number of the latest change in each partition. */
  readonly #touched = new Map<number, number>()
  /** By serial, the one that was touched last at the end. */
  readonly #touches = new Map<SerialNumber, Touch>()
  /** Every change after this number is in `#touches`. */
  #touchesSince: number
  #undo: Undo[] = []
  #undoSince: number
  /** The latest change that may be in what was loaded. */
  #loadedAt: number

  /** `loadedAt`: the number as of which what is taken without a number is known. */
  constructor(loadedAt: number) {
    this.#loadedAt = loadedAt
    this.#touchesSince = loadedAt
    this.#undoSince = loadedAt
  }

  /** Puts what was taken in order; between two steps others may go on. */
  *settle(): Generator<undefined> {
    for (const [partition, unsorted] of this.#loading) {
      this.#lists.set(partition, yield* EntryList.making(unsorted.sorted()))
      this.#loading.delete(partition)
    }
  }

  /** What was taken, and is settled, is the state as of this number. */
  loadedAt(revision: number): void {
    this.#loadedAt = revision
    this.#touchesSince = revision
    this.#undoSince = revision
  }

  /** Part of the state that is loaded. */
  take(change: Revocation): void {
    const partition = change.partition ?? NO_PARTITION
    const unsorted = this.#loading.get(partition) ?? new UnsortedEntries()
    this.#loading.set(partition, unsorted)
    if (change.status !== 'released') unsorted.add(entryOf(change))
  }

  apply(change: Revocation, seq: number): void {
    const partition = change.partition ?? NO_PARTITION
    this.#touched.set(partition, seq)
    const before = this.#list(partition).get(serialBytes(change.serial))
    this.#undo.push({ seq, partition, serial: change.serial, before })
    this.#remember(change, seq)
    this.#set(change)
    this.#bound()
  }

  /**
   * Changes from before the load, which are in it: all those after `since`, right after the load. Deltas may have their base
   * there, and since the last of them the state was what was loaded.
   */
  recall(changes: readonly { readonly seq: number; readonly change: Revocation }[], since: number): void {
    const later = [...this.#touches]
    this.#touches.clear()
    for (const { seq, change } of changes) this.#remember(change, seq)
    for (const [serial, touch] of later) {
      this.#touches.delete(serial)
      this.#touches.set(serial, touch)
    }
    this.#touchesSince = since
    this.#loadedAt = changes.at(-1)?.seq ?? since
    this.#undoSince = Math.min(this.#undoSince, this.#loadedAt)
    this.#bound()
  }

  /** The latest change in all partitions, or in one; what was loaded may be as new as the load. */
  lastChange(partition?: number): number {
    if (partition !== undefined) return this.#touched.get(partition) ?? this.#loadedAt
    return Math.max(this.#loadedAt, ...this.#touched.values())
  }

  get count(): number {
    let count = 0
    for (const list of this.#lists.values()) count += list.count
    return count
  }

  /** Those of one partition, or all of them. */
  freeze(partition?: number): FrozenEntries {
    return freezeAll(this.#lists, partition)
  }

  /** As they were when the change log stood at `revision`; undefined when that is too long ago. */
  freezeAt(revision: number, partition?: number): FrozenEntries | undefined {
    if (revision < this.#undoSince) return undefined
    const later = this.#undo.filter(({ seq }) => seq > revision)
    if (later.length === 0) return this.freeze(partition)
    const lists = new Map([...this.#lists].map(([number, list]) => [number, list.clone()] as const))
    for (const { partition: number, serial, before } of later.toReversed()) {
      if (before === undefined) lists.get(number)?.delete(serialBytes(serial))
      else listIn(lists, number).set(before)
    }
    return freezeAll(lists, partition)
  }

  /** Whether every change after `revision` is known. */
  knowsChangesSince(revision: number): boolean {
    return revision >= this.#touchesSince
  }

  /**
   * What a delta lists whose base covers `revision` (RFC 5280 §5.2.4): each certificate that was touched since, as it stands
   * now. One that is not listed any more was released, or its certificate has ended.
   */
  changedSince(revision: number): FrozenEntries {
    const parts: Uint8Array[] = []
    for (const [serial, { seq, partition, revokedAt }] of this.#touches) {
      if (seq <= revision) continue
      const entry = this.#lists.get(partition)?.get(serialBytes(serial))
      parts.push(
        entry?.encoded ?? encodeRevokedEntry({ serial, revocationDate: new Date(revokedAt), reason: 'removeFromCRL' }),
      )
    }
    return {
      parts: [Buffer.concat(parts)],
      length: parts.reduce((sum, { length }) => sum + length, 0),
      count: parts.length,
    }
  }

  /** No older state than this is asked for by `freezeAt` from now on, and none older than `base` by `changedSince`. */
  forget(revision: number, base: number): void {
    this.#undo = this.#undo.filter(({ seq }) => seq > revision)
    this.#undoSince = Math.max(this.#undoSince, revision)
    for (const [serial, { seq }] of this.#touches) {
      if (seq > base) break
      this.#touches.delete(serial)
    }
    this.#touchesSince = Math.max(this.#touchesSince, base)
  }

  /** Drops what ended before; between two steps others may go on. */
  *dropEndedBefore(at: Date): Generator<undefined> {
    for (const list of this.#lists.values()) yield* list.dropEndedBefore(Math.ceil(at.getTime() / 1000))
  }

  #list(partition: number): EntryList {
    return listIn(this.#lists, partition)
  }

  #set(change: Revocation): void {
    const list = this.#list(change.partition ?? NO_PARTITION)
    if (change.status === 'released') list.delete(serialBytes(change.serial))
    else list.set(entryOf(change))
  }

  #remember({ serial, revokedAt, partition = NO_PARTITION }: Revocation, seq: number): void {
    this.#touches.delete(serial)
    this.#touches.set(serial, { seq, partition, revokedAt })
  }

  #bound(): void {
    if (this.#undo.length > 2 * MAX_REMEMBERED) {
      this.#undoSince = this.#undo.at(-MAX_REMEMBERED - 1)?.seq ?? this.#undoSince
      this.#undo = this.#undo.slice(-MAX_REMEMBERED)
    }
    for (const [serial, { seq }] of this.#touches) {
      if (this.#touches.size <= MAX_REMEMBERED) break
      this.#touches.delete(serial)
      this.#touchesSince = seq
    }
  }
}

function listIn(lists: Map<number, EntryList>, partition: number): EntryList {
  const known = lists.get(partition)
  if (known !== undefined) return known
  const made = new EntryList()
  lists.set(partition, made)
  return made
}

function freezeAll(lists: ReadonlyMap<number, EntryList>, partition: number | undefined): FrozenEntries {
  const numbers = partition === undefined ? [...lists.keys()].sort((one, other) => one - other) : [partition]
  const frozen = numbers.flatMap((number) => lists.get(number)?.freeze() ?? [])
  return {
    parts: frozen.flatMap(({ parts }) => parts),
    length: frozen.reduce((sum, { length }) => sum + length, 0),
    count: frozen.reduce((sum, { count }) => sum + count, 0),
  }
}

function entryOf({ serial, revokedAt, reason, notAfter }: Revocation): Entry {
  const encoded = encodeRevokedEntry({ serial, revocationDate: new Date(revokedAt), reason })
  return { encoded, endsAt: Math.floor(notAfter / 1000) }
}
