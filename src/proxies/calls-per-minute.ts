// How many calls each deployment has let through in the minute that runs, in this process alone: step 19's quota is a guard of the
// model server, not an account. Minutes are those of the monotonic clock.
import type { Clock } from '../domain/clock.ts'

const MINUTE_MILLISECONDS = 60_000

export class CallsPerMinute {
  readonly #clock: Clock
  #minute = -1
  #calls = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  of(deployment: string): number {
    return this.#current().get(deployment) ?? 0
  }

  add(deployment: string): void {
    const calls = this.#current()
    calls.set(deployment, (calls.get(deployment) ?? 0) + 1)
  }

  #current(): Map<string, number> {
    const minute = Math.floor(this.#clock.monotonicMilliseconds() / MINUTE_MILLISECONDS)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#calls = new Map()
    }
    return this.#calls
  }
}
