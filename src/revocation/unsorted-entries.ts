// Entries as a state tells them, in any order, until all of them are there: in records of one length, which are sorted once. To
// put a million into an ordered list one by one takes longer, and leaves its memory in pieces.
import { SERIAL_BYTES } from '../domain/serial-number.ts'
import { type Entry, SERIAL_AT } from './entry-list.ts'
import { PrefixOrder } from './prefix-order.ts'

/** Length of the entry, end of the certificate, the entry. */
const ENDS_AT = 1
const ENCODED_AT = 5
const RECORD_OCTETS = 64
const RECORDS = 4096

/** The first octet of a serial number is the same in each. */
const PREFIX_AT = ENCODED_AT + SERIAL_AT + 1

export class UnsortedEntries {
  readonly #blocks: Buffer<ArrayBuffer>[] = []
  #count = 0

  add({ encoded, endsAt }: Entry): void {
    if (this.#count === this.#blocks.length * RECORDS) this.#blocks.push(Buffer.alloc(RECORDS * RECORD_OCTETS))
    const { block, at } = this.#record(this.#count)
    block[at] = encoded.length
    block.writeUInt32LE(endsAt, at + ENDS_AT)
    block.set(encoded, at + ENCODED_AT)
    this.#count += 1
  }

  /** By serial; of those with the same the one that came last. What is given goes with the last of them: copy what is to stay. */
  *sorted(): Generator<Entry> {
    for (const numbers of this.#order().runs()) {
      const [only] = numbers
      if (only !== undefined && numbers.length === 1) yield this.#entry(only)
      else for (const number of this.#latestOfEach(numbers)) yield this.#entry(number)
    }
    // Given back at once, and not when garbage is collected: the entries of the next partition take its place.
    for (const { buffer } of this.#blocks.splice(0)) buffer.transfer(0)
    this.#count = 0
  }

  #order(): PrefixOrder {
    const order = new PrefixOrder(this.#count)
    for (let number = 0; number < this.#count; number += 1) {
      const { block, at } = this.#record(number)
      order.add(block.readUInt32BE(at + PREFIX_AT), block.readUInt32BE(at + PREFIX_AT + 4))
    }
    return order
  }

  /** Of serials whose first bits are the same. */
  #latestOfEach(numbers: readonly number[]): readonly number[] {
    const compare = (one: number, other: number): number => Buffer.compare(this.#serial(one), this.#serial(other))
    const sorted = numbers.toSorted((one, other) => compare(one, other) || one - other)
    return sorted.filter((number, index) => {
      const next = sorted[index + 1]
      return next === undefined || compare(number, next) !== 0
    })
  }

  #entry(number: number): Entry {
    const { block, at } = this.#record(number)
    const encoded = block.subarray(at + ENCODED_AT, at + ENCODED_AT + (block[at] ?? 0))
    return { encoded, endsAt: block.readUInt32LE(at + ENDS_AT) }
  }

  #serial(number: number): Buffer {
    const { block, at } = this.#record(number)
    return block.subarray(at + ENCODED_AT + SERIAL_AT, at + ENCODED_AT + SERIAL_AT + SERIAL_BYTES)
  }

  #record(number: number): { readonly block: Buffer; readonly at: number } {
    const block = this.#blocks[Math.floor(number / RECORDS)]
    if (block === undefined) throw new Error('no such record')
    return { block, at: (number % RECORDS) * RECORD_OCTETS }
  }
}
