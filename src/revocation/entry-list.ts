// Encoded CRL entries in the order of their serials, in a few large pieces of shared memory: no object for each, so that a
// million of them take little more than their bytes, and a thread can read them without a copy. What was handed out is never
// written again: a piece is copied before it changes, and a CRL keeps the pieces that it was made of.
import { SERIAL_BYTES } from '../domain/serial-number.ts'

type SharedBytes = Uint8Array<SharedArrayBuffer>

/** An entry as a CRL writes it, and when its certificate ends, in whole seconds since the epoch. */
export interface Entry {
  readonly encoded: Uint8Array
  readonly endsAt: number
}

/** Entries that do not change any more, in order. */
export interface FrozenEntries {
  readonly parts: readonly Uint8Array[]
  /** Octets of them together. */
  readonly length: number
  readonly count: number
}

/** In one piece: together under 64 KiB. */
const MAX_ENTRIES = 1024

/** With a GeneralizedTime and a reason. */
const MAX_ENTRY_OCTETS = 52

/** An entry is a SEQUENCE that begins with the INTEGER; both have lengths of one octet. */
export const SERIAL_AT = 4

/** Room for growth when a piece is copied. */
const SPARE_OCTETS = 512

interface Piece {
  bytes: SharedBytes
  /** Where each entry begins, and where the last one ends. */
  readonly starts: Uint16Array
  readonly ends: Uint32Array
  count: number
  isFrozen: boolean
}

interface Place {
  readonly piece: Piece
  readonly index: number
  readonly isThere: boolean
}

export class EntryList {
  /** Never empty pieces, in the order of what is in them. */
  #pieces: Piece[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Of entries in rising order, no two with the same serial: every piece but the last is full. A step makes a piece. */
  static *making(sorted: Iterable<Entry>): Generator<undefined, EntryList> {
    const list = new EntryList()
    const pending = emptyPiece(MAX_ENTRIES)
    pending.bytes = new Uint8Array(new SharedArrayBuffer(MAX_ENTRIES * MAX_ENTRY_OCTETS))
    const flush = (): void => {
      if (pending.count > 0) list.#pieces.push(sliceOf(pending, 0, pending.count))
      list.#count += pending.count
      pending.count = 0
    }
    for (const { encoded, endsAt } of sorted) {
      const from = startOf(pending, pending.count)
      pending.bytes.set(encoded, from)
      pending.ends[pending.count] = endsAt
      pending.count += 1
      pending.starts[pending.count] = from + encoded.length
      if (pending.count < MAX_ENTRIES) continue
      flush()
      yield undefined
    }
    flush()
    return list
  }

  /** A copy of the entry with this serial (its octets). */
  get(serial: Uint8Array): Entry | undefined {
    const place = this.#find(serial)
    if (place?.isThere !== true) return undefined
    const { piece, index } = place
    const encoded = new Uint8Array(piece.bytes.subarray(startOf(piece, index), startOf(piece, index + 1)))
    return { encoded, endsAt: piece.ends[index] ?? 0 }
  }

  /** Adds the entry, or puts it in the place of the one with the same serial. */
  set({ encoded, endsAt }: Entry): void {
    const serial = encoded.subarray(SERIAL_AT, SERIAL_AT + SERIAL_BYTES)
    this.delete(serial)
    const { piece, index } = this.#placeFor(serial)
    splice(piece, index, 0, encoded)
    piece.ends.copyWithin(index + 1, index, piece.count)
    piece.ends[index] = endsAt
    piece.count += 1
    this.#count += 1
  }

  delete(serial: Uint8Array): boolean {
    const place = this.#find(serial)
    if (place?.isThere !== true) return false
    const { piece, index } = place
    splice(piece, index, 1, NOTHING)
    piece.ends.copyWithin(index, index + 1, piece.count)
    piece.count -= 1
    this.#count -= 1
    if (piece.count === 0) this.#pieces.splice(this.#pieces.indexOf(piece), 1)
    return true
  }

  /** All of them as they are now. */
  freeze(): FrozenEntries {
    for (const piece of this.#pieces) piece.isFrozen = true
    const parts = this.#pieces.map((piece) => piece.bytes.subarray(0, startOf(piece, piece.count)))
    return { parts, length: parts.reduce((sum, { length }) => sum + length, 0), count: this.#count }
  }

  /** A list of its own with the same entries; the bytes are shared until one of the two changes them. */
  clone(): EntryList {
    const made = new EntryList()
    for (const piece of this.#pieces) piece.isFrozen = true
    made.#pieces = this.#pieces.map((piece) => ({ ...piece, starts: piece.starts.slice(), ends: piece.ends.slice() }))
    made.#count = this.#count
    return made
  }

  /** Drops the entries whose certificates ended before `seconds`, piece by piece: the caller goes on when it has a moment. */
  *dropEndedBefore(seconds: number): Generator<undefined> {
    // What is added or dropped meanwhile moves the pieces: the way is kept by serial.
    for (let at: Uint8Array | undefined = FIRST; at !== undefined; yield undefined) {
      const index = this.#pieceIndex(at)
      const piece = this.#pieces[index]
      const next = this.#pieces[index + 1]
      at = next === undefined ? undefined : new Uint8Array(serialAt(next, 0))
      if (piece !== undefined) this.#dropFrom(piece, seconds)
    }
  }

  #dropFrom(piece: Piece, seconds: number): void {
    for (let index = piece.count - 1; index >= 0; index -= 1) {
      if ((piece.ends[index] ?? 0) < seconds) this.delete(new Uint8Array(serialAt(piece, index)))
    }
  }

  #find(serial: Uint8Array): Place | undefined {
    const piece = this.#pieces[this.#pieceIndex(serial)]
    if (piece === undefined) return undefined
    const index = indexIn(piece, serial)
    return { piece, index, isThere: index < piece.count && compare(piece, index, serial) === 0 }
  }

  /** The last piece that begins at or before `serial`, or the first one. */
  #pieceIndex(serial: Uint8Array): number {
    let [low, high] = [0, this.#pieces.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const piece = this.#pieces[middle]
      if (piece !== undefined && compare(piece, 0, serial) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }

  #placeFor(serial: Uint8Array): Pick<Place, 'piece' | 'index'> {
    const found = this.#find(serial)
    if (found === undefined) return this.#newPiece(0, 0)
    const { piece, index } = found
    if (piece.count < MAX_ENTRIES) return { piece: this.#withRoom(piece), index }
    const at = this.#pieces.indexOf(piece)
    // In rising order, as a state is loaded, pieces stay full.
    if (index === piece.count && at === this.#pieces.length - 1) return this.#newPiece(at + 1, 0)
    this.#split(piece, at)
    return this.#placeFor(serial)
  }

  #newPiece(at: number, index: number): Pick<Place, 'piece' | 'index'> {
    const piece = emptyPiece(64)
    this.#pieces.splice(at, 0, piece)
    return { piece, index }
  }

  /** The same piece with space in its tables for one more. */
  #withRoom(piece: Piece): Piece {
    if (piece.count < piece.ends.length) return piece
    const larger = emptyPiece(Math.min(piece.count * 2, MAX_ENTRIES))
    larger.starts.set(piece.starts)
    larger.ends.set(piece.ends)
    const made = { ...larger, bytes: piece.bytes, count: piece.count, isFrozen: piece.isFrozen }
    this.#pieces[this.#pieces.indexOf(piece)] = made
    return made
  }

  #split(piece: Piece, at: number): void {
    const half = piece.count >> 1
    this.#pieces.splice(at, 1, sliceOf(piece, 0, half), sliceOf(piece, half, piece.count))
  }
}

const NOTHING = new Uint8Array()
const FIRST = new Uint8Array(SERIAL_BYTES)

function emptyPiece(entries: number): Piece {
  return {
    bytes: new Uint8Array(new SharedArrayBuffer(0)),
    starts: new Uint16Array(entries + 1),
    ends: new Uint32Array(entries),
    count: 0,
    isFrozen: false,
  }
}

function sliceOf(piece: Piece, from: number, to: number): Piece {
  const made = emptyPiece(MAX_ENTRIES)
  const first = startOf(piece, from)
  made.bytes = copyOf(piece.bytes.subarray(first, startOf(piece, to)), SPARE_OCTETS)
  for (let index = from; index <= to; index += 1) made.starts[index - from] = startOf(piece, index) - first
  made.ends.set(piece.ends.subarray(from, to))
  made.count = to - from
  return made
}

/** Replaces `removed` entries at `index` by `added`, in a copy when the bytes were handed out or are too few. */
function splice(piece: Piece, index: number, removed: number, added: Uint8Array): void {
  const from = startOf(piece, index)
  const to = startOf(piece, index + removed)
  const used = startOf(piece, piece.count)
  const grown = added.length - (to - from)
  if (piece.isFrozen || used + grown > piece.bytes.length) {
    piece.bytes = copyOf(piece.bytes.subarray(0, used), grown + SPARE_OCTETS + (used >> 3))
    piece.isFrozen = false
  }
  piece.bytes.copyWithin(to + grown, to, used)
  piece.bytes.set(added, from)
  moveStarts(piece, index, removed, grown)
}

/** Before `count` changes: it is 1 more for what was added, and `removed` less. */
function moveStarts(piece: Piece, index: number, removed: number, grown: number): void {
  const { starts, count } = piece
  if (removed === 0) {
    starts.copyWithin(index + 1, index, count + 1)
    for (let at = index + 1; at <= count + 1; at += 1) starts[at] = startOf(piece, at) + grown
    return
  }
  starts.copyWithin(index, index + removed, count + 1)
  for (let at = index; at <= count - removed; at += 1) starts[at] = startOf(piece, at) + grown
}

function copyOf(bytes: Uint8Array, spare: number): SharedBytes {
  const made = new Uint8Array(new SharedArrayBuffer(bytes.length + spare))
  made.set(bytes)
  return made
}

function startOf(piece: Piece, index: number): number {
  return piece.starts[index] ?? 0
}

function serialAt(piece: Piece, index: number): Uint8Array {
  const at = startOf(piece, index) + SERIAL_AT
  return piece.bytes.subarray(at, at + SERIAL_BYTES)
}

/** The first entry that does not stand before `serial`. */
function indexIn(piece: Piece, serial: Uint8Array): number {
  let [low, high] = [0, piece.count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(piece, middle, serial) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Negative when the entry stands before `serial`. */
function compare(piece: Piece, index: number, serial: Uint8Array): number {
  const at = startOf(piece, index) + SERIAL_AT
  for (let octet = 0; octet < SERIAL_BYTES; octet += 1) {
    const difference = (piece.bytes[at + octet] ?? 0) - (serial[octet] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
