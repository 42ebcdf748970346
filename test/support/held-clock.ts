// A clock that stands still until a test moves it: wall clock and monotonic clock alike.
import type { Clock } from '../../src/domain/clock.ts'

export class HeldClock implements Clock {
  #milliseconds = 1_000_000
  now = (): Date => new Date(this.#milliseconds)
  monotonicMilliseconds = (): number => this.#milliseconds
  pass(milliseconds: number): void {
    this.#milliseconds += milliseconds
  }
}
