// Asking the change log at once, on behalf of a request, instead of waiting for the next poll: shared by all who ask at the
// same time, and at most once a second, so that a stranger who shows an unknown certificate again and again costs nothing.
import type { Clock } from '../domain/clock.ts'

/** Between the beginnings of two questions. */
const REFRESH_EVERY_MILLISECONDS = 1000

export class Refresh {
  readonly #clock: Clock
  readonly #poll: () => Promise<void>
  #askedAtMilliseconds = -Infinity
  #running: Promise<void> | undefined

  constructor(clock: Clock, poll: () => Promise<void>) {
    this.#clock = clock
    this.#poll = poll
  }

  /** Resolves at once when the last question is less than a second old and answered. Rejects with what `poll` throws. */
  async run(): Promise<void> {
    if (this.#running !== undefined) return this.#running
    const now = this.#clock.monotonicMilliseconds()
    if (now - this.#askedAtMilliseconds < REFRESH_EVERY_MILLISECONDS) return
    this.#askedAtMilliseconds = now
    this.#running = this.#poll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }
}
