// Work that is done over and over at short, even steps, whatever the wall clock says: it neither waits for a clock that was set
// back nor runs twice at once. A failure is told, and the next step comes all the same.
import type { Timer } from './timer.ts'

export interface Ticking {
  /** No further step begins; resolves when the one that is going on has ended. */
  stop(): Promise<void>
}

export function startTicking(
  step: () => Promise<void>,
  everyMilliseconds: number,
  means: { readonly timer: Timer; readonly onFailure: (error: unknown) => void },
): Ticking {
  let isStopped = false
  let cancel: () => void = () => undefined
  let running: Promise<void> = Promise.resolve()
  const run = (): void => {
    running = step()
      .catch(means.onFailure)
      .then(() => {
        if (!isStopped) cancel = means.timer.schedule(everyMilliseconds, run)
      })
  }
  run()
  return {
    stop: async () => {
      isStopped = true
      cancel()
      await running
    },
  }
}
