// Entries as a state tells them, in any order, until all of them are there: in records of one length, which are sorted once. To
// put a million into an ordered list one by one takes longer, and leaves its memory in pieces.
import { SERIAL_BYTES } from '../domain/serial-number.ts'
import { type Entry, SERIAL_AT } from './entry-list.ts'

/** Length of the entry, end of the certificate, the entry. */
const ENDS_AT = 1
const ENCODED_AT = 5
const RECORD_OCTETS = 64
const RECORDS = 4096

/** Octets of a serial number that a number holds exactly; the first of all is the same in each. */
const KEY_OCTETS = 6

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
    yield* this.#inOrder(this.#order())
    // Given back at once, and not when garbage is collected: the entries of the next partition take its place.
    for (const { buffer } of this.#blocks.splice(0)) buffer.transfer(0)
    this.#count = 0
  }

  *#inOrder(order: Uint32Array): Generator<Entry> {
    for (const [index, number] of order.entries()) {
      const next = order[index + 1]
      const serial = this.#serial(number)
      if (next !== undefined && Buffer.compare(serial, this.#serial(next)) === 0) continue
      const { block, at } = this.#record(number)
      const encoded = block.subarray(at + ENCODED_AT, at + ENCODED_AT + (block[at] ?? 0))
      yield { encoded, endsAt: block.readUInt32LE(at + ENDS_AT) }
    }
  }

  #order(): Uint32Array {
    const order = Uint32Array.from({ length: this.#count }, (_, number) => number)
    const keys = Float64Array.from(order, (number) => this.#serial(number).readUIntBE(1, KEY_OCTETS))
    return order.sort(
      (one, other) =>
        (keys[one] ?? 0) - (keys[other] ?? 0) || Buffer.compare(this.#serial(one), this.#serial(other)) || one - other,
    )
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
