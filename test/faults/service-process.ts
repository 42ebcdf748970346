// `signet serve` as a process of its own, which a test may kill. It is reached as any client reaches it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Answer, type ClientIdentity, type Request, send } from '../support/https-client.ts'
import type { PreparedInstallation } from './prepared-installation.ts'

const HOME = join(import.meta.dirname, '..', '..')
const STARTED_WITHIN_MILLISECONDS = 30_000

/** As `scripts/signet` runs it, without the shell: the process that is spawned is the one that serves. */
export const SIGNET: readonly string[] = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(HOME, 'src', 'cli', 'signet.ts'),
]

/** Nothing of the settings that the tests themselves may have been given. */
export const SIGNET_ENVIRONMENT = { PATH: process.env['PATH'] }

export interface ProcessOptions {
  /** Words before the command line: `strace` and its options. */
  readonly under?: readonly string[]
  readonly flags?: readonly string[]
  /** By which it is reached; default: as the configuration says. */
  readonly url?: string
  readonly httpUrl?: string
}

/** Every process that was started here and has not ended. */
const running = new Set<ChildProcess>()

export class ServiceProcess {
  readonly startMilliseconds: number
  readonly url: string
  readonly httpUrl: string
  readonly #installation: PreparedInstallation
  readonly #child: ChildProcess
  readonly #log: () => string

  private constructor(
    installation: PreparedInstallation,
    child: ChildProcess,
    log: () => string,
    startMilliseconds: number,
    options: ProcessOptions,
  ) {
    this.#installation = installation
    this.#child = child
    this.#log = log
    this.startMilliseconds = startMilliseconds
    this.url = options.url ?? installation.configuration.publicUrl
    this.httpUrl = options.httpUrl ?? installation.configuration.publicHttpUrl
  }

  /** Resolves when it says that it is ready. */
  static async start(installation: PreparedInstallation, options: ProcessOptions = {}): Promise<ServiceProcess> {
    const began = performance.now()
    const serve = ['serve', '--config', installation.configFile, ...(options.flags ?? [])]
    const [program = '', ...words] = [...(options.under ?? []), ...SIGNET, ...serve]
    const child = spawn(program, words, {
      cwd: installation.folder,
      env: SIGNET_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await readyLine(child, () => log)
    return new ServiceProcess(installation, child, () => log, performance.now() - began, options)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What it wrote to standard error. */
  get log(): string {
    return this.#log()
  }

  /** Resolves when the process has ended, whoever ended it. */
  async gone(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM: finishes what was accepted. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  send(request: Request, identity?: ClientIdentity): Promise<Answer> {
    return send({ url: this.url, ca: this.#installation.ca, ...(identity === undefined ? {} : { identity }) }, request)
  }

  post(path: string, body: unknown, identity?: ClientIdentity): Promise<Answer> {
    return this.send({ method: 'POST', path, body }, identity)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = this.gone()
    this.#child.kill(signal)
    await gone
  }
}

/** For `afterAll`: what a failed test left running. */
export async function killLeftovers(): Promise<void> {
  const left = [...running].map(async (child) => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  })
  await Promise.all(left)
}

async function readyLine(child: ChildProcess, log: () => string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const late = setTimeout(() => reject(new Error(`not ready in time:\n${log()}`)), STARTED_WITHIN_MILLISECONDS)
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('ready:')) resolve(undefined)
  })
  child.once('error', reject)
  child.once('exit', (code, signal) =>
    reject(new Error(`ended with ${String(code ?? signal)} before it was ready:\n${log()}`)),
  )
  try {
    await promise
  } finally {
    clearTimeout(late)
  }
}
