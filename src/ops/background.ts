// Work that goes on while the service runs: each task says when it wants to be called next, may be woken early, never runs
// twice at once, and is tried again with backoff for ever when it fails.
import type { Clock } from '../domain/clock.ts'
import type { Timer } from './timer.ts'

/** Does what is due now, and gives the instant at which to look again. */
export type Task = () => Promise<Date>

export interface BackgroundWork {
  /** Runs the task as soon as it can: at once, or again right after the run that is going on. */
  wake(): void
  /** No further run begins; resolves when the one that is going on has ended. */
  stop(): Promise<void>
}

/** The timer looks at the wall clock this often: when that is set forward, it is noticed after this time at the latest. */
const MAX_SLEEP_MILLISECONDS = 60_000
const FIRST_RETRY_MILLISECONDS = 1_000
const MAX_RETRY_MILLISECONDS = 60_000

export function startBackground(
  task: Task,
  means: { readonly clock: Clock; readonly timer: Timer; readonly onFailure: (error: unknown) => void },
): BackgroundWork {
  let running: Promise<void> | undefined
  let cancelSleep: () => void = () => undefined
  let isWoken = false
  let isStopped = false
  let failures = 0

  const sleepUntil = (next: Date): void => {
    const left = next.getTime() - means.clock.now().getTime()
    const awake = (): void => (means.clock.now() < next ? sleepUntil(next) : run())
    sleep(Math.min(Math.max(left, 0), MAX_SLEEP_MILLISECONDS), awake)
  }
  const sleep = (milliseconds: number, then: () => void): void => {
    cancelSleep = means.timer.schedule(milliseconds, then)
  }
  /** Gives what to do until the next run. */
  const attempt = async (): Promise<() => void> => {
    try {
      const next = await task()
      failures = 0
      return () => sleepUntil(next)
    } catch (error) {
      means.onFailure(error)
      failures += 1
      const pause = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (failures - 1), MAX_RETRY_MILLISECONDS)
      return () => sleep(pause, run)
    }
  }
  function run(): void {
    if (isStopped || running !== undefined) return
    isWoken = false
    running = attempt().then((rest) => {
      running = undefined
      if (isStopped) return
      if (isWoken) run()
      else rest()
    })
  }

  run()
  return {
    wake: () => {
      isWoken = true
      cancelSleep()
      run()
    },
    stop: async () => {
      isStopped = true
      cancelSleep()
      await running
    },
  }
}
