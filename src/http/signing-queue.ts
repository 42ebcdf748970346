// Bounds the work that a stranger can order: proofs of possession and signatures cost far more than the request that asks
// for them. What is over the bound is told to come again, before any of it is computed.
import { HttpRefused } from './problem.ts'

export class SigningQueue {
  readonly #limit: number
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#running
  }

  /** Throws `HttpRefused` (`too_busy`) when the queue is full. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#limit) throw new HttpRefused('too_busy', {}, { 'retry-after': '1' })
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
    }
  }
}
