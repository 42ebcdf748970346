// Sends attempts at one proxy, each on a connection of its own, with the certificate that it shows. Keeps TLS sessions for those
// that take one up again.
import type { ConnectionOptions } from 'node:tls'
import type { Pair } from './foreign-certificate.ts'
import { type Attempt, type Shows } from './proxy-case.ts'
import { type RawOutcome, sendRaw } from './raw-call.ts'

export interface ProxySetting {
  /** Where to connect to. */
  readonly address: { readonly host: string; readonly port: number }
  /** Names that the chain serves, the first for whoever asks for none of them. */
  readonly names: readonly [string, ...string[]]
  /** PEM. */
  readonly roots: readonly string[]
  readonly pairs: Readonly<Partial<Record<Exclude<Shows, 'nothing'>, Pair>>>
  /** For one answer. */
  readonly milliseconds: number
}

export class ProxyClient {
  readonly #setting: ProxySetting
  readonly #sessions = new Map<Shows, Buffer>()

  constructor(setting: ProxySetting) {
    this.#setting = setting
  }

  /** Throws `Refused` where nobody answers under this name. */
  async send(attempt: Attempt): Promise<RawOutcome> {
    if (attempt.session === 'new') return sendRaw(attempt.call, this.#connection(attempt))
    if (!this.#sessions.has(attempt.shows)) await this.#makeSession(attempt)
    const session = this.#sessions.get(attempt.shows)
    const { tls, milliseconds } = this.#connection(attempt)
    return sendRaw(attempt.call, { tls: session === undefined ? tls : { ...tls, session }, milliseconds })
  }

  async #makeSession(attempt: Attempt): Promise<void> {
    const onSession = (session: Buffer): void => void this.#sessions.set(attempt.shows, session)
    await sendRaw(attempt.call, { ...this.#connection(attempt), onSession })
  }

  #connection({ call, shows }: Attempt): { tls: ConnectionOptions; milliseconds: number } {
    const { address, names, roots, pairs, milliseconds } = this.#setting
    const named = call.headers.find(([name]) => name.toLowerCase() === 'host')?.[1].replace(/:\d+$/, '') ?? ''
    const pair = shows === 'nothing' ? undefined : pairs[shows]
    const identity = pair === undefined ? {} : { cert: pair.certificate, key: pair.key }
    const servername = names.includes(named) ? named : names[0]
    return { tls: { ...address, servername, ca: [...roots], ...identity }, milliseconds }
  }
}
