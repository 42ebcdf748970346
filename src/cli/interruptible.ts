// What waits before or after a command is run: a signal ends it with the status that shells tell (POSIX.1 §2.8.2), and whoever
// called can still clear away.
import { constants } from 'node:os'
import { CommandEnded } from './refused.ts'

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** The exit status of what this signal ended. */
export function statusOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/** Throws `CommandEnded` once a signal came, whatever `act` made of it. `act` ends soon after `stop` is aborted. */
export async function interruptible<Result>(act: (stop: AbortSignal) => Promise<Result>): Promise<Result> {
  const stop = new AbortController()
  const undo = ENDING.map((name) => {
    const handler = (): void => stop.abort(new CommandEnded(statusOfSignal(name)))
    process.on(name, handler)
    return () => process.off(name, handler)
  })
  try {
    return await act(stop.signal)
  } finally {
    for (const off of undo) off()
    stop.signal.throwIfAborted()
  }
}
