// What `signet crl watch` does each time it looks: asks which CRLs there are, fetches and verifies them when one is new, puts the
// file in place, and runs the command. It decides nothing about when: the caller does.
import { basename, dirname, join } from 'node:path'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ServiceClient } from './client.ts'
import type { CrlNotice } from './crl-notices.ts'
import type { CrlWatchFigures } from './crl-watch-report.ts'
import { Hook } from './hook.ts'
import type { Host } from './host.ts'
import { fileStamp, keepCrls, keptCrls } from './kept-crls.ts'
import { isCoded } from './refused.ts'
import { currentNumbers, fetchVerifiedCrls } from './verified-crls.ts'

export interface CrlWatchSettings {
  readonly file: string
  /** Undefined: of all CAs. */
  readonly issuer: IssuerId | undefined
  readonly format: 'der' | 'pem'
  readonly trustFile: string
  readonly client: () => Promise<ServiceClient>
  readonly hook: string | undefined
  readonly hookSeconds: number
}

type KeptCrl = CrlWatchFigures['crls'][number]

export class WatchedCrls {
  readonly #settings: CrlWatchSettings
  readonly #hook: Hook
  readonly #host: Host
  #kept: readonly KeptCrl[] = []
  /** Of the file as it was when it was last known to be good. */
  #stamp: string | undefined
  #lastGood: Date | undefined
  #failures = 0
  #code: string | undefined
  #isFollowing = false

  constructor(settings: CrlWatchSettings, host: Host) {
    const { file, hook, hookSeconds } = settings
    this.#settings = settings
    const mark = join(dirname(file), `.${basename(file)}.reload-due`)
    this.#hook = new Hook({ command: hook, mark, seconds: hookSeconds })
    this.#host = host
  }

  set isFollowing(value: boolean) {
    this.#isFollowing = value
  }

  figures(): CrlWatchFigures {
    return {
      file: this.#settings.file,
      crls: this.#kept,
      lastGood: this.#lastGood,
      failures: this.#failures,
      code: this.#code,
      isReloadDue: this.#hook.isDue,
      isFollowing: this.#isFollowing,
    }
  }

  /** Whether the file lacks it. */
  isNews({ issuer, number }: CrlNotice): boolean {
    const kept = this.#kept.find((each) => each.issuer === issuer)
    return kept === undefined || BigInt(kept.number) < BigInt(number)
  }

  /** Brings everything up to date. Whatever it throws, the file is a whole and good one, or as it was. Throws `Refused`, `ServiceRefused`. */
  async look(): Promise<'written' | 'unchanged'> {
    this.#failures += 1
    try {
      const done = await this.#fresh()
      await this.#hook.runIfDue({ SIGNET_CRL: this.#settings.file })
      this.#failures = 0
      this.#code = undefined
      this.#lastGood = this.#host.clock.now()
      return done
    } catch (error) {
      this.#code = isCoded(error) ? error.code : 'internal'
      throw error
    }
  }

  async #fresh(): Promise<'written' | 'unchanged'> {
    const { file, issuer, format, trustFile } = this.#settings
    // What the server uses meanwhile is told also while the service is away.
    if (this.#stamp === undefined) this.#kept = await readKept(file)
    const client = await this.#settings.client()
    if (await this.#isCurrent(client)) return 'unchanged'
    const crls = await fetchVerifiedCrls(client, trustFile, issuer, this.#host.clock.now())
    const done = await keepCrls(file, crls, {
      format,
      at: this.#host.clock.now(),
      beforeWrite: () => this.#hook.fallDue(),
    })
    this.#stamp = fileStamp(file)
    this.#kept = crls.map(({ issuer: id, crl: { number = 0n, thisUpdate, nextUpdate } }) => {
      return { issuer: id, number: String(number), thisUpdate, nextUpdate }
    })
    if (done === 'written') this.#host.stderr(`${file}: ${this.#numbers()}\n`)
    return done
  }

  /** Nothing is fetched when the index says nothing new, and nobody has touched the file. */
  async #isCurrent(client: ServiceClient): Promise<boolean> {
    const { file, issuer } = this.#settings
    if (this.#stamp === undefined || this.#stamp !== fileStamp(file)) return false
    const published = (await currentNumbers(client)).filter((each) => issuer === undefined || each.issuer === issuer)
    if (published.length !== this.#kept.length) return false
    return published.every(({ issuer: id, number }) => {
      return this.#kept.find((kept) => kept.issuer === id)?.number === String(number)
    })
  }

  #numbers(): string {
    return this.#kept.map(({ issuer, number }) => `${issuer} ${number}`).join(', ')
  }
}

/** By their names, since a file says no issuer's id; a file that cannot be read is told of when it is to be replaced. */
async function readKept(file: string): Promise<readonly KeptCrl[]> {
  try {
    return (await keptCrls(file)).map(({ issuerName, number, thisUpdate, nextUpdate }) => {
      return { issuer: issuerName, number: String(number ?? 0n), thisUpdate, nextUpdate }
    })
  } catch (error) {
    if (isCoded(error)) return []
    throw error
  }
}
