// A command that is run in this one's place: it has its streams and environment, gets its signals, and ends as it would.
import { spawn } from 'node:child_process'
import { statusOfSignal } from './interruptible.ts'

export interface RunningCommand {
  /** Its exit status, 128 and the signal that ended it, 127 when it is not there, or 126 when it may not be run. */
  readonly ended: Promise<number>
  /** SIGTERM, and SIGKILL when it has not ended after the grace. */
  end(): void
}

export interface CommandSettings {
  readonly environment: NodeJS.ProcessEnv
  readonly graceSeconds: number
  readonly say: (line: string) => void
}

/** Signals that are passed on to the command. */
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** As shells tell it (POSIX.1 §2.8.2). */
const NOT_THERE = 127
const MAY_NOT_RUN = 126

export function runCommand(
  [file = '', ...words]: readonly string[],
  { environment, graceSeconds, say }: CommandSettings,
): RunningCommand {
  // Listened to before the command is there, so that none ends this process and leaves the command alone.
  const stopPassing = passSignals((name) => void child.kill(name))
  const child = spawn(file, words, { stdio: 'inherit', env: environment })
  let killing: NodeJS.Timeout | undefined
  const ended = new Promise<number>((resolve) => {
    child.on('error', (error) => {
      say(`cannot be run: ${error.message}`)
      resolve('code' in error && error.code === 'EACCES' ? MAY_NOT_RUN : NOT_THERE)
    })
    child.on('exit', (status, signal) => resolve(status ?? statusOfSignal(signal ?? 'SIGKILL')))
  }).finally(() => {
    clearTimeout(killing)
    stopPassing()
  })
  const end = (): void => {
    child.kill('SIGTERM')
    killing ??= setTimeout(() => child.kill('SIGKILL'), graceSeconds * 1000)
  }
  return { ended, end }
}

/** Gives what undoes it. */
function passSignals(pass: (name: NodeJS.Signals) => void): () => void {
  // A terminal sends them to the whole group: the command has these already.
  const twice: ReadonlySet<NodeJS.Signals> = new Set(process.stdin.isTTY ? ['SIGINT', 'SIGQUIT'] : [])
  const undo = PASSED_ON.map((name) => {
    const handler = (): void => {
      if (!twice.has(name)) pass(name)
    }
    process.on(name, handler)
    return () => process.off(name, handler)
  })
  return () => {
    for (const off of undo) off()
  }
}
