// A command of the operator's that is run when files are new: by /bin/sh, bounded in time, with an environment of its own.
import { spawn } from 'node:child_process'

const HOOK_SECONDS = 60

/** Gives the exit status or the signal that ended it. What it prints goes where this program's own words go. */
export function runHook(
  command: string,
  variables: Readonly<Record<string, string>>,
  seconds: number = HOOK_SECONDS,
): Promise<string> {
  return new Promise((ended, failed) => {
    const child = spawn('/bin/sh', ['-c', command], {
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...variables },
      stdio: ['ignore', 'inherit', 'inherit'],
      // A group of its own, so that what the shell has started ends with it.
      detached: true,
    })
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, seconds * 1000)
    child.once('error', (error) => {
      clearTimeout(timer)
      failed(error)
    })
    child.once('close', (status, signal) => {
      clearTimeout(timer)
      ended(signal ?? String(status))
    })
  })
}
