// A clock that stands on a whole second until a test moves it. It begins where the system's clock is, since clients of a
// real service compare its certificate with that.
import { addSeconds, type Clock } from '../../src/domain/clock.ts'

export class StillClock implements Clock {
  #now = new Date(Math.floor(Date.now() / 1000) * 1000)

  now(): Date {
    return new Date(this.#now)
  }

  monotonicMilliseconds(): number {
    return performance.now()
  }

  set(at: Date): void {
    this.#now = at
  }

  pass(seconds: number): void {
    this.#now = addSeconds(this.#now, seconds)
  }
}
