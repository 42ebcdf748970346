// Programs of other people, run beside a service that lives in this very process: always asynchronously, always bounded.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { describe } from 'vitest'

export interface Ran {
  /** Exit status; undefined when a signal ended it. */
  readonly status: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly folder?: string
  /** Beside PATH; nothing else of the tests' environment is handed on. */
  readonly environment?: Readonly<Record<string, string>>
}

const BOUND_MILLISECONDS = 50_000

/** Others' PATH than root's holds no sbin, where nginx is. */
const PATH = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter)

export function programPath(name: string): string | undefined {
  const folders = isAbsolute(name) ? [''] : PATH.split(delimiter)
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A suite that needs programs. Where one is missing it is skipped, and says so; with `CI=true` it runs, and fails. */
export function describeWith(programs: readonly string[], name: string, tests: () => void): void {
  const missing = programs.filter((program) => programPath(program) === undefined)
  const isSkipped = missing.length > 0 && process.env['CI'] !== 'true'
  describe.skipIf(isSkipped)(isSkipped ? `${name} (skipped: no ${missing.join(', ')})` : name, tests)
}

/** Runs to its end. A status other than 0 is an answer, not an exception. */
export function run(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input = '', folder, environment = {} } = options
  const child = start(program, words, { ...(folder === undefined ? {} : { folder }), environment })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
  // Who refuses before reading its input closes the pipe.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), BOUND_MILLISECONDS)
    child.once('error', reject)
    child.once('close', (status) => {
      clearTimeout(late)
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
      resolve({ status: status ?? undefined, stdout: text(stdout), stderr: text(stderr) })
    })
  })
}

/** Runs to its end, and throws with what it said unless that was status 0. */
export async function ran(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const outcome = await run(program, words, options)
  if (outcome.status === 0) return outcome
  const said = `${outcome.stdout}${outcome.stderr}`
  throw new Error(`${program} ${words.join(' ')}: status ${String(outcome.status)}\n${said}`)
}

/** A program that goes on; whoever starts it ends it, by this very process. */
export function start(
  program: string,
  words: readonly string[],
  { folder, environment = {} }: Omit<RunOptions, 'input'> = {},
): ChildProcess {
  return spawn(programPath(program) ?? program, words, {
    ...(folder === undefined ? {} : { cwd: folder }),
    env: { PATH, LC_ALL: 'C', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}
