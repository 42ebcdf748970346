// A clock that a test moves. Its monotonic part is the real one: a wall clock that is set says nothing of how time passes.
import type { Clock } from '../../src/domain/clock.ts'

export class MovableClock implements Clock {
  #offsetMilliseconds = 0

  now(): Date {
    return new Date(Date.now() + this.#offsetMilliseconds)
  }

  monotonicMilliseconds(): number {
    return performance.now()
  }

  /** Negative: backwards. */
  move(seconds: number): void {
    this.#offsetMilliseconds += seconds * 1000
  }
}
