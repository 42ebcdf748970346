// A command of the operator's that is run when files are new: by /bin/sh, bounded in time, with an environment of its own. That it is
// due is marked by a file before they are, and the mark goes once it has succeeded: a process that dies in between runs it once too
// often, and never once too few.
import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { SECRET, writeAtomically } from './atomic-file.ts'
import { Refused } from './refused.ts'

export const HOOK_SECONDS = 60

export interface HookSettings {
  /** Undefined: nothing is run. */
  readonly command: string | undefined
  /** The file that says that it is due. */
  readonly mark: string
  readonly seconds: number
}

export class Hook {
  readonly #settings: HookSettings

  constructor(settings: HookSettings) {
    this.#settings = settings
  }

  get isDue(): boolean {
    return existsSync(this.#settings.mark)
  }

  /** Before the files are in place. Throws `Refused` (`file_unwritable`). */
  fallDue(): void {
    const { command, mark } = this.#settings
    if (command !== undefined) writeAtomically(mark, '', SECRET)
  }

  /** After they are. Stays due when it fails. Throws `Refused` (`hook_failed`). */
  async runIfDue(variables: Readonly<Record<string, string>>): Promise<void> {
    const { command, mark, seconds } = this.#settings
    if (command === undefined || !this.isDue) return
    const status = await runHook(command, variables, seconds)
    if (status !== '0') throw new Refused('hook_failed', { status })
    rmSync(mark, { force: true })
  }
}

/** Gives the exit status or the signal that ended it. What it prints goes where this program's own words go. */
function runHook(command: string, variables: Readonly<Record<string, string>>, seconds: number): Promise<string> {
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
