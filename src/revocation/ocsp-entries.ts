// What is kept by serial, bounded, in two queues: what was asked about once, and what was asked about again before it came to the end of
// the first. A flood of serials that nobody asks about twice pushes out nothing but itself (the idea is that of S3-FIFO).
//
// A use writes one field, and no order: what was used is only looked at when room is needed.
import type { SerialNumber } from '../domain/serial-number.ts'

export interface Used {
  /** Whether it was asked about again since it was last looked at for room. */
  wasUsed: boolean
}

/** How many may be spared for one that comes: room is made in bounded time. */
const SPARED = 16

export class OcspEntries<Entry extends Used> {
  readonly #once = new Map<SerialNumber, Entry>()
  readonly #again = new Map<SerialNumber, Entry>()
  readonly #capacity: number
  /** Of `#once`, while there are others: it takes what they leave. */
  readonly #share: number

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#share = Math.max(1, Math.floor(capacity / 4))
  }

  get size(): number {
    return this.#once.size + this.#again.size
  }

  get(serial: SerialNumber): Entry | undefined {
    return this.#again.get(serial) ?? this.#once.get(serial)
  }

  /** In the place of the one before; a new one at the end of the first queue. */
  put(serial: SerialNumber, entry: Entry): void {
    const queue = this.#again.has(serial) ? this.#again : this.#once
    queue.set(serial, entry)
    if (this.size > this.#capacity) this.#makeRoom()
  }

  delete(serial: SerialNumber): void {
    this.#once.delete(serial)
    this.#again.delete(serial)
  }

  serials(): readonly SerialNumber[] {
    return [...this.#once.keys(), ...this.#again.keys()]
  }

  #makeRoom(): void {
    for (let spared = 0; this.size > this.#capacity; spared += 1) {
      const queue = this.#once.size > this.#share ? this.#once : this.#again
      const [[serial, entry] = []] = queue
      if (serial === undefined || entry === undefined) return
      queue.delete(serial)
      if (!entry.wasUsed || spared >= SPARED) continue
      entry.wasUsed = false
      this.#again.set(serial, entry)
    }
  }
}
