// When each certificate of a service was last used to speak with us: kept in memory, and written now and then in one
// transaction, so that a request costs a look into a map. What was seen since the last writing is lost with the process.
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Acts } from './unit-of-work.ts'

export class Sightings {
  #unwritten = new Map<SerialNumber, Date>()
  readonly #latest = new Map<SerialNumber, Date>()

  saw(serial: SerialNumber, at: Date): void {
    this.#unwritten.set(serial, at)
    this.#latest.set(serial, at)
  }

  /** What this process saw, whether it is written or not. */
  latest(serial: SerialNumber): Date | undefined {
    return this.#latest.get(serial)
  }

  async write(acts: Acts): Promise<void> {
    const seen = this.#unwritten
    if (seen.size === 0) return
    this.#unwritten = new Map()
    try {
      await acts.run((tx) => tx.recordSightings(seen))
    } catch (error) {
      this.#unwritten = new Map([...seen, ...this.#unwritten])
      throw error
    }
    // Written: the database tells it from here on, and memory holds what is in use alone.
    for (const [serial, at] of seen) if (this.#latest.get(serial) === at) this.#latest.delete(serial)
  }
}
