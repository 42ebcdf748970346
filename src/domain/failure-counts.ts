// How often each key has failed within a window that begins with its first failure. Bounded: windows are of one length, so the
// oldest entry is the next to end, and it is the one that goes when there is no room.
import type { Clock } from './clock.ts'

interface Count {
  failures: number
  readonly endsAtMilliseconds: number
}

export class FailureCounts {
  readonly #clock: Clock
  readonly #windowMilliseconds: number
  readonly #maxKeys: number
  readonly #counts = new Map<string, Count>()

  constructor(clock: Clock, windowSeconds: number, maxKeys: number) {
    this.#clock = clock
    this.#windowMilliseconds = windowSeconds * 1000
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#counts.size
  }

  failures(key: string): number {
    return this.#live(key)?.failures ?? 0
  }

  /** Whole seconds until the key's window ends, at least one. */
  endsInSeconds(key: string): number {
    const left = (this.#live(key)?.endsAtMilliseconds ?? 0) - this.#clock.monotonicMilliseconds()
    return Math.max(1, Math.ceil(left / 1000))
  }

  add(key: string): void {
    const count = this.#live(key)
    if (count !== undefined) {
      count.failures += 1
      return
    }
    this.#makeRoom()
    const endsAtMilliseconds = this.#clock.monotonicMilliseconds() + this.#windowMilliseconds
    this.#counts.set(key, { failures: 1, endsAtMilliseconds })
  }

  /** Takes one back: it was no failure after all. */
  forgive(key: string): void {
    const count = this.#live(key)
    if (count === undefined) return
    count.failures -= 1
    if (count.failures === 0) this.#counts.delete(key)
  }

  #live(key: string): Count | undefined {
    const count = this.#counts.get(key)
    if (count === undefined || count.endsAtMilliseconds > this.#clock.monotonicMilliseconds()) return count
    this.#counts.delete(key)
    return undefined
  }

  #makeRoom(): void {
    const now = this.#clock.monotonicMilliseconds()
    for (const [key, { endsAtMilliseconds }] of this.#counts) {
      if (this.#counts.size < this.#maxKeys && endsAtMilliseconds > now) return
      this.#counts.delete(key)
    }
  }
}
