// The system's clock, set forward by a test: what happened between two steps of it takes no time.
import { type Clock, systemClock } from '../../src/domain/clock.ts'

export class SettableClock implements Clock {
  #aheadMilliseconds = 0

  now(): Date {
    return new Date(systemClock.now().getTime() + this.#aheadMilliseconds)
  }

  monotonicMilliseconds(): number {
    return systemClock.monotonicMilliseconds()
  }

  pass(seconds: number): void {
    this.#aheadMilliseconds += seconds * 1000
  }
}
