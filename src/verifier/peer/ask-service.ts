// Questions to a Signet service over HTTPS, verified against the pinned roots, bounded in time and size.
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { encodePem } from '../../x509/pem.ts'
import { EvidenceUnreadable } from './evidence-file.ts'

/** How many times as long as the longest silence an answer may take in all: who sends byte by byte must not hold up all news for ever. */
const MAX_SILENCES = 30

export class ServiceLine {
  readonly #url: URL
  readonly #agent: Agent
  readonly #timeoutMilliseconds: number
  readonly #isRevoked: (der: Uint8Array) => boolean

  /**
   * `roots`: DER. `unverified`: whoever answers is believed nothing but what its bytes prove. `isRevoked` is asked about the certificate
   * of whoever answers, each time: a connection outlasts what was known when it began.
   */
  constructor(
    url: URL,
    roots: readonly Uint8Array[] | 'unverified',
    timeoutSeconds: number,
    isRevoked: (der: Uint8Array) => boolean = () => false,
  ) {
    this.#isRevoked = isRevoked
    this.#url = url
    this.#timeoutMilliseconds = timeoutSeconds * 1000
    this.#agent = new Agent({
      keepAlive: true,
      // A resumed session shows no certificate, which could have been revoked meanwhile.
      maxCachedSessions: 0,
      minVersion: 'TLSv1.2',
      // Said outright, since NODE_TLS_REJECT_UNAUTHORIZED changes only the default.
      ...(roots === 'unverified'
        ? { rejectUnauthorized: false }
        : { rejectUnauthorized: true, ca: roots.map((der) => encodePem('CERTIFICATE', der)) }),
    })
  }

  get origin(): string {
    return this.#url.origin
  }

  /** The body of a 200. Throws `EvidenceUnreadable`. */
  async get(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const whole = AbortSignal.any([signal, AbortSignal.timeout(MAX_SILENCES * this.#timeoutMilliseconds)])
    const response = await this.open(path, 'application/json, */*', whole)
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > maxBytes) throw new EvidenceUnreadable(path, 'too large')
        chunks.push(chunk)
      }
    } catch (cause) {
      throw cause instanceof EvidenceUnreadable ? cause : new EvidenceUnreadable(path, whyOf(cause), { cause })
    } finally {
      response.destroy()
    }
    return Buffer.concat(chunks)
  }

  /** A 200 whose body is still to come; without a byte for so long it ends. Throws `EvidenceUnreadable`. */
  open(
    path: string,
    accept: string,
    signal: AbortSignal,
    silenceMilliseconds: number = this.#timeoutMilliseconds,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = deferred<IncomingMessage>()
    const fail = (cause: unknown): void => reject(new EvidenceUnreadable(path, whyOf(cause), { cause }))
    const asked = request(new URL(path, this.#url), { agent: this.#agent, headers: { accept }, signal })
    asked.setTimeout(silenceMilliseconds, () => asked.destroy(new Error('timed out')))
    asked.on('error', fail)
    asked.on('response', (response) => {
      if (this.#isFromRevoked(response)) {
        asked.destroy(new Error('the certificate of the service is revoked'))
        return
      }
      if (response.statusCode === 200) {
        resolve(response)
        return
      }
      response.resume()
      fail(new Error(`status ${String(response.statusCode)}`))
    })
    asked.end()
    return promise
  }

  #isFromRevoked({ socket }: IncomingMessage): boolean {
    const der = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined
    return der !== undefined && this.#isRevoked(der)
  }

  close(): void {
    this.#agent.destroy()
  }
}

function whyOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'failed'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function deferred<T>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: Error) => void
} {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: Error) => void = () => undefined
  const promise = new Promise<T>((kept, broken) => {
    resolve = kept
    reject = broken
  })
  return { promise, resolve, reject }
}
