// A clock and a timer that move only when a test says so.
import type { Clock } from '../../src/domain/clock.ts'
import type { Timer } from '../../src/ops/timer.ts'

export interface HeldTime extends Clock, Timer {
  /** Lets time pass, calls what is due in its order, and lets promises settle. */
  pass(milliseconds: number): Promise<void>
  /** Sets the wall clock: timers and the monotonic clock notice nothing. */
  setForward(milliseconds: number): void
  /** Timers that were neither called nor cancelled. */
  readonly pending: number
}

export function heldTime(start = new Date('2030-01-01T00:00:00Z')): HeldTime {
  let [elapsed, ahead] = [0, 0]
  const timers = new Set<{ readonly due: number; readonly callback: () => void }>()
  const pass = async (milliseconds: number): Promise<void> => {
    await settled()
    elapsed += milliseconds
    for (const timer of [...timers].sort((a, b) => a.due - b.due)) {
      if (timer.due > elapsed) continue
      timers.delete(timer)
      timer.callback()
      await settled()
    }
    await settled()
  }
  return {
    now: () => new Date(start.getTime() + elapsed + ahead),
    monotonicMilliseconds: () => elapsed,
    schedule: (milliseconds, callback) => {
      const timer = { due: elapsed + milliseconds, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    pass,
    setForward: (milliseconds) => {
      ahead += milliseconds
    },
    get pending() {
      return timers.size
    },
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
