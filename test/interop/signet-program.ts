// An installation that is made and run by the `signet` program itself, as an operator does: every command is a process.
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../support/test-service.ts'
import { end, type Ran, run, start } from './program.ts'

const HOME = join(import.meta.dirname, '..', '..')
const PROGRAM = join(HOME, 'scripts', 'signet')
const COMPILED = { NODE_COMPILE_CACHE: join(HOME, 'node_modules', '.cache', 'signet') }

export interface Asked {
  /** Whose certificate is shown: `alice` for alice.pem and alice.key; nobody's by default. */
  readonly as?: string | undefined
  readonly input?: string
}

export class SignetProgram {
  readonly folder = mkdtempSync(join(tmpdir(), 'signet-program-'))
  /** Where the installation lies and listens, as flags. */
  readonly installation: readonly string[]
  readonly url: string
  readonly httpUrl: string
  readonly #given: Readonly<Record<string, string>>
  #service: ChildProcess | undefined

  private constructor([https, http, operations]: readonly number[], settings: Readonly<Record<string, string>>) {
    this.#given = settings
    this.url = `https://localhost:${String(https)}`
    this.httpUrl = `http://localhost:${String(http)}`
    writeFileSync(this.at('passphrase'), 'for these tests only\n', { mode: 0o600 })
    this.installation = [
      ...['--data', this.at('data'), '--master-key-file', this.at('master.key')],
      ...['--public-url', this.url, '--public-http-url', this.httpUrl, '--trust-domain', 'test.internal'],
      ...['--listen', `127.0.0.1:${String(https)}`, '--listen-http', `127.0.0.1:${String(http)}`],
      ...['--listen-operations', `127.0.0.1:${String(operations)}`],
    ]
  }

  /** `settings`: variables of the service, beside the flags. */
  static async place(settings: Readonly<Record<string, string>> = {}): Promise<SignetProgram> {
    return new SignetProgram(await freePorts(3), settings)
  }

  at(name: string): string {
    return join(this.folder, name)
  }

  /** The root folder and the file with its passphrase, as flags. */
  root(folder = this.at('root'), passphraseFile = this.at('passphrase')): string[] {
    return ['--root', folder, '--root-passphrase-file', passphraseFile]
  }

  initWords(root = this.root()): string[] {
    return [
      'init',
      ...this.installation,
      ...root,
      '--admin',
      'root-admin',
      '--admin-folder',
      this.at('admin'),
      '--json',
    ]
  }

  /** A command on this machine's own keys and data. */
  local(words: readonly string[]): Promise<Ran> {
    return run(PROGRAM, words, { folder: this.folder, environment: this.#settings() })
  }

  startLocal(words: readonly string[]): ChildProcess {
    return start(PROGRAM, words, { folder: this.folder, environment: this.#settings() })
  }

  #settings(): Record<string, string> {
    return { ...COMPILED, SIGNET_LISTENERS_BROWSER: 'off', SIGNET_LISTENERS_GRPC: 'off', ...this.#given }
  }

  /** A client of the API. */
  client(words: readonly string[], { as, input = '' }: Asked = {}): Promise<Ran> {
    const identity = as === undefined ? {} : { SIGNET_CERT: this.at(`${as}.pem`), SIGNET_KEY: this.at(`${as}.key`) }
    const environment = { ...COMPILED, SIGNET_URL: this.url, SIGNET_CA: this.at('ca.pem'), ...identity }
    return run(PROGRAM, words, { folder: this.folder, environment, input })
  }

  /** Resolves when it says that it is ready. */
  async serve(): Promise<void> {
    const child = this.startLocal(['serve', ...this.installation])
    this.#service = child
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await new Promise<void>((ready, failed) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (chunk.toString().includes('ready:')) ready()
      })
      child.once('exit', (code) => failed(new Error(`the service ended with ${String(code)}:\n${said}`)))
    })
  }

  /** Tells the running service to read its configuration again; resolves with what it says of it. */
  readAgain(): Promise<string> {
    const service = this.#service
    return new Promise((told) => {
      const listen = (chunk: Buffer): void => {
        if (!/read again/.test(chunk.toString())) return
        service?.stderr?.off('data', listen)
        told(chunk.toString())
      }
      service?.stderr?.on('data', listen)
      service?.kill('SIGHUP')
    })
  }

  async stop(): Promise<void> {
    if (this.#service !== undefined) await end(this.#service)
    this.#service = undefined
  }

  async close(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
