// The client of the API: what every command asks the service with. The server is verified always, against the trust bundle
// alone. A write carries an Idempotency-Key, so that it may be sent once more when the connection was lost or the service
// could not say whether it was recorded (the same key: the service answers as before, or does it for the first time).
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { SecureContext } from 'node:tls'
import { Answer } from './answer.ts'
import { exchange, type Exchange, type RawAnswer } from './exchange.ts'
import { Refused } from './refused.ts'
import { parseProblem, ServiceRefused } from './service-refused.ts'

/** Largest answer in JSON: a page of 1,000 certificates with their PEM is under 8 MiB. */
const MAX_JSON_BYTES = 16 * 1024 * 1024

export interface Connection {
  readonly url: URL
  /** Trust bundle, and client certificate with its key if there is one. */
  readonly secureContext: SecureContext
  readonly timeoutSeconds: number
  /** The token of a session. */
  readonly bearer?: string
  /** Ends a request that is under way, as if its time were over. */
  readonly stop?: AbortSignal | undefined
}

export type Query = Readonly<Record<string, string | number | undefined>>

export class ServiceClient {
  readonly #connection: Connection
  readonly #agent: Agent

  constructor(connection: Connection) {
    this.#connection = connection
    // Said outright, since NODE_TLS_REJECT_UNAUTHORIZED changes only the default.
    this.#agent = new Agent({ keepAlive: true, secureContext: connection.secureContext, rejectUnauthorized: true })
  }

  /** Scheme, host and port. */
  get origin(): string {
    return this.#connection.url.origin
  }

  withBearer(bearer: string): ServiceClient {
    return new ServiceClient({ ...this.#connection, bearer })
  }

  /** Throws `Refused`, `ServiceRefused`. */
  async get(path: string, query: Query = {}): Promise<Answer> {
    return jsonOf(await this.#ask({ method: 'GET', path, query, headers: {}, maxBytes: MAX_JSON_BYTES }))
  }

  /** Bytes that carry their own signature: certificates and CRLs. Throws `Refused`, `ServiceRefused`. */
  async getBytes(path: string, maxBytes: number): Promise<Uint8Array> {
    return (await this.#ask({ method: 'GET', path, query: {}, headers: {}, maxBytes })).body
  }

  /** A feed of server-sent events, for as long as it lasts. Throws `Refused` (`events_refused`), and what a connection fails with. */
  openEvents(path: string, query: Query, stop: AbortSignal): Promise<IncomingMessage> {
    const url = this.#urlOf(path, query)
    return new Promise((resolve, reject) => {
      const sent = request(url, { agent: this.#agent, signal: stop, headers: { accept: 'text/event-stream' } })
      // Until it begins; then the reader looks for silence.
      sent.setTimeout(this.#connection.timeoutSeconds * 1000, () => sent.destroy(new Refused('timed_out')))
      sent.on('error', reject)
      sent.on('response', (answer) => {
        sent.setTimeout(0)
        if (answer.statusCode === 200) {
          resolve(answer)
          return
        }
        answer.destroy()
        reject(new Refused('events_refused', { status: answer.statusCode ?? 0 }))
      })
      sent.end()
    })
  }

  /** `idempotencyKey`: of who may ask the same again later. Throws `Refused`, `ServiceRefused`. */
  async write(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    idempotencyKey: string = randomUUID(),
  ): Promise<Answer> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { ...type, 'idempotency-key': idempotencyKey }
    const text = body === undefined ? undefined : JSON.stringify(body)
    return jsonOf(await this.#ask({ method, path, query: {}, headers, body: text, maxBytes: MAX_JSON_BYTES }))
  }

  /** As OAuth wants it (RFC 6749 appendix B). Throws `Refused`, `ServiceRefused`. */
  async writeForm(path: string, form: Readonly<Record<string, string>>): Promise<Answer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'idempotency-key': randomUUID() }
    const body = new URLSearchParams(form).toString()
    return jsonOf(await this.#ask({ method: 'POST', path, query: {}, headers, body, maxBytes: MAX_JSON_BYTES }))
  }

  /** What answers with nothing. Throws `Refused`, `ServiceRefused`. */
  async delete(path: string): Promise<void> {
    const headers = { 'idempotency-key': randomUUID() }
    await this.#ask({ method: 'DELETE', path, query: {}, headers, maxBytes: MAX_JSON_BYTES })
  }

  async #ask(asked: Asked): Promise<RawAnswer> {
    try {
      return await this.#askOnce(asked)
    } catch (error) {
      if (!mayAskAgain(error)) throw error
      return this.#askOnce(asked)
    }
  }

  async #askOnce({ path, query, headers, ...rest }: Asked): Promise<RawAnswer> {
    const { timeoutSeconds, stop, bearer } = this.#connection
    const url = this.#urlOf(path, query)
    const shown = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
    const accepted = { accept: 'application/json, application/problem+json, */*', ...shown, ...headers }
    const answer = await exchange({ ...rest, url, headers: accepted, agent: this.#agent, timeoutSeconds, stop })
    if (answer.status >= 200 && answer.status < 300) return answer
    throw parseProblem(answer.status, answer.contentType, textOf(answer))
  }

  #urlOf(path: string, query: Query): URL {
    const url = new URL(path, this.#connection.url)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    return url
  }
}

type Asked = Pick<Exchange, 'method' | 'headers' | 'body' | 'maxBytes'> & {
  readonly path: string
  readonly query: Query
}

function mayAskAgain(error: unknown): boolean {
  if (error instanceof Refused) return error.code === 'connection_lost'
  return error instanceof ServiceRefused && error.code === 'commit_unknown'
}

function jsonOf(answer: RawAnswer): Answer {
  return Answer.parse(textOf(answer))
}

function textOf({ body }: RawAnswer): string {
  return Buffer.from(body).toString('utf8')
}
