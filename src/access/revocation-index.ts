// The revoked and held certificates of one issuer, by serial, for decisions: a table of numbers and no object for each, since
// there may be a million. Serial numbers are random, so their own first bits choose the place (open addressing, Knuth 6.4 L and R).
import { parseSerialNumber, SerialRejected } from '../domain/serial-number.ts'

export interface RevocationView {
  readonly status: 'revoked' | 'held'
  /** When the certificate ends, in milliseconds since the epoch; whole seconds. */
  readonly notAfter: number
}

/** A table that has grown too full is made anew: of many small ones, each time a small one. */
const SHARDS = 64

const FIRST_SLOTS = 16
const FULL = 0.8
const GROWTH = 1.5

/** Of a slot: four words of the serial, then the end of the certificate in seconds. */
const WORDS = 5
const END = 4

const STATUS = { revoked: 1, held: 2 } as const

export class RevocationIndex {
  readonly #shards = Array.from({ length: SHARDS }, () => new Shard())

  get size(): number {
    return this.#shards.reduce((sum, { size }) => sum + size, 0)
  }

  /** Throws `SerialRejected`. */
  set(serial: string, { status, notAfter }: RevocationView): void {
    const words = wordsOf(serial)
    if (words === undefined) throw new SerialRejected(serial)
    this.#shard(words).set(words, STATUS[status], Math.min(Math.floor(notAfter / 1000), 0xffff_ffff))
  }

  delete(serial: string): void {
    const words = wordsOf(serial)
    if (words !== undefined) this.#shard(words).delete(words)
  }

  /** A text that is no serial number finds nothing. */
  get(serial: string): RevocationView | undefined {
    const words = wordsOf(serial)
    return words && this.#shard(words).get(words)
  }

  /** How many were dropped. */
  dropEndedBefore(milliseconds: number): number {
    return this.#shards.reduce((sum, shard) => sum + shard.dropEndedBefore(Math.ceil(milliseconds / 1000)), 0)
  }

  *[Symbol.iterator](): Iterator<readonly [serial: string, view: RevocationView]> {
    for (const shard of this.#shards) yield* shard
  }

  #shard(words: Words): Shard {
    const shard = this.#shards[Math.floor((words[0] / 2 ** 32) * SHARDS)]
    if (shard === undefined) throw new Error('no such shard')
    return shard
  }
}

type Words = readonly [number, number, number, number]

function wordsOf(serial: string): Words | undefined {
  if (!/^01[0-9a-f]{32}$/.test(serial)) return undefined
  const word = (at: number): number => Number.parseInt(serial.slice(at, at + 8), 16)
  return [word(2), word(10), word(18), word(26)]
}

class Shard {
  size = 0
  #words = new Uint32Array(FIRST_SLOTS * WORDS)
  /** 0: the slot is free. */
  #status = new Uint8Array(FIRST_SLOTS)

  get(words: Words): RevocationView | undefined {
    const slot = this.#find(words)
    return this.#status[slot] === 0 ? undefined : this.#viewAt(slot)
  }

  set(words: Words, status: number, endsAt: number): void {
    if (this.size + 1 > this.#status.length * FULL) this.#grow()
    const slot = this.#find(words)
    if (this.#status[slot] === 0) this.size += 1
    this.#status[slot] = status
    this.#words.set(words, slot * WORDS)
    this.#words[slot * WORDS + END] = endsAt
  }

  delete(words: Words): void {
    const slot = this.#find(words)
    if (this.#status[slot] !== 0) this.#free(slot)
  }

  dropEndedBefore(seconds: number): number {
    const before = this.size
    for (let slot = 0; slot < this.#status.length;) {
      // What moves into a freed slot is looked at next.
      if (this.#status[slot] !== 0 && this.#word(slot, END) < seconds) this.#free(slot)
      else slot += 1
    }
    return before - this.size
  }

  *[Symbol.iterator](): Iterator<readonly [string, RevocationView]> {
    for (let slot = 0; slot < this.#status.length; slot += 1) {
      if (this.#status[slot] === 0) continue
      const hex = [0, 1, 2, 3].map((word) => this.#word(slot, word).toString(16).padStart(8, '0')).join('')
      yield [parseSerialNumber(`01${hex}`), this.#viewAt(slot)]
    }
  }

  #viewAt(slot: number): RevocationView {
    const status = this.#status[slot] === STATUS.held ? 'held' : 'revoked'
    return { status, notAfter: this.#word(slot, END) * 1000 }
  }

  #word(slot: number, word: number): number {
    return this.#words[slot * WORDS + word] ?? 0
  }

  /** The slot of this serial, or the free one where it belongs. */
  #find(words: Words): number {
    let slot = this.#home(words[0])
    while (this.#status[slot] !== 0 && !this.#isAt(slot, words)) slot = this.#after(slot)
    return slot
  }

  #isAt(slot: number, words: Words): boolean {
    return words.every((word, index) => this.#word(slot, index) === word)
  }

  /** The first bits have chosen the shard: those after them choose the slot. */
  #home(first: number): number {
    const fraction = (first / 2 ** 32) * SHARDS
    return Math.floor((fraction - Math.floor(fraction)) * this.#status.length)
  }

  #after(slot: number): number {
    return slot + 1 === this.#status.length ? 0 : slot + 1
  }

  /** Frees a slot, and moves up those that would not be found behind a gap. */
  #free(freed: number): void {
    this.size -= 1
    let gap = freed
    for (let slot = this.#after(gap); this.#status[slot] !== 0; slot = this.#after(slot)) {
      const home = this.#home(this.#word(slot, 0))
      const staysBehindGap = gap <= slot ? gap < home && home <= slot : gap < home || home <= slot
      if (staysBehindGap) continue
      this.#words.copyWithin(gap * WORDS, slot * WORDS, (slot + 1) * WORDS)
      this.#status[gap] = this.#status[slot] ?? 0
      gap = slot
    }
    this.#status[gap] = 0
  }

  #grow(): void {
    const [words, status] = [this.#words, this.#status]
    const slots = Math.ceil(status.length * GROWTH)
    this.#words = new Uint32Array(slots * WORDS)
    this.#status = new Uint8Array(slots)
    for (const [slot, each] of status.entries()) {
      if (each === 0) continue
      const [a = 0, b = 0, c = 0, d = 0] = words.subarray(slot * WORDS, slot * WORDS + END)
      const to = this.#find([a, b, c, d])
      this.#words.set(words.subarray(slot * WORDS, (slot + 1) * WORDS), to * WORDS)
      this.#status[to] = each
    }
  }
}
