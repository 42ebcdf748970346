// How far this process may set the lease clock forward (rule 25): by the time in which it saw that heartbeats could be
// accepted, measured by the monotonic clock alone, and only when nobody else has set it since. So the wall clock may be wrong,
// processes may come and go, and no second is counted twice.
import type { LeaseState } from './lease-store.ts'

/** Two looks that are further apart than this were not a second's work: nobody knows what could be accepted in between. */
export const LONGEST_STEP_MILLISECONDS = 2_500

interface Look {
  readonly clock: number
  readonly atMilliseconds: number
}

export class LeaseClock {
  readonly #graceMilliseconds: number
  #last: Look | undefined
  #countsFromMilliseconds: number

  /** A process that has just begun waits: those that could not reach it come back now. */
  constructor(graceSeconds: number, nowMilliseconds: number) {
    this.#graceMilliseconds = graceSeconds * 1000
    this.#countsFromMilliseconds = nowMilliseconds + this.#graceMilliseconds
  }

  /** What the clock should be set to. Remembers nothing: the transaction may be undone. */
  next({ clock }: Pick<LeaseState, 'clock'>, nowMilliseconds: number): number {
    const last = this.#last
    if (last?.clock !== clock || nowMilliseconds < this.#countsFromMilliseconds) return clock
    const step = Math.floor(nowMilliseconds - last.atMilliseconds)
    return step < 0 || step > LONGEST_STEP_MILLISECONDS ? clock : clock + step
  }

  /** The clock stands at `clock` by a transaction that is durable; `atMilliseconds` is before it began. */
  saw(clock: number, atMilliseconds: number): void {
    const isLate = this.#last !== undefined && atMilliseconds - this.#last.atMilliseconds > LONGEST_STEP_MILLISECONDS
    if (isLate) this.#countsFromMilliseconds = atMilliseconds + this.#graceMilliseconds
    this.#last = { clock, atMilliseconds }
  }
}
