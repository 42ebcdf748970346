// One request over a TLS connection of its own, byte for byte as it is written down: duplicates, odd spellings and targets that
// no HTTP client would send. Reads the one answer (HTTP/1.1, RFC 9112 §6) and closes. Bounded in time and size; judges nothing.
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { RawHeader } from '../../proxies/told-headers.ts'
import { Refused } from '../refused.ts'
import type { Call } from './hostile/hostile-request.ts'

export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly headers: readonly RawHeader[]
  readonly body: string
}

/** `closed`: the connection ended without an answer, in the handshake or after it. */
export type RawOutcome = Answered | { readonly kind: 'closed' } | { readonly kind: 'late' }

export interface RawConnection {
  readonly tls: ConnectionOptions
  readonly milliseconds: number
  readonly onSession?: (session: Buffer) => void
}

/** What is behind that is not read: an answer of this size says enough. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** A session that is kept comes with the answer or soon after it. */
const SESSION_MILLISECONDS = 250

/** Throws `Refused` (`connection_refused`, `host_unknown`, `server_untrusted` …) where there is no proxy of this name. */
export function sendRaw(call: Call, { tls, milliseconds, onSession }: RawConnection): Promise<RawOutcome> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...tls, ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2' })
    const chunks: Buffer[] = []
    const finish = (outcome: RawOutcome): void => {
      clearTimeout(late)
      if (onSession === undefined) socket.destroy()
      else setTimeout(() => socket.destroy(), SESSION_MILLISECONDS)
      resolve(outcome)
    }
    const ended = (): void => finish(answerOf(chunks, 'ended') ?? { kind: 'closed' })
    const late = setTimeout(() => finish(answerOf(chunks, 'ended') ?? { kind: 'late' }), milliseconds)
    if (onSession !== undefined) socket.on('session', onSession)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const answer = answerOf(chunks, 'open')
      if (answer !== undefined) finish(answer)
    })
    socket.on('error', (error) => {
      const unreachable = refusalOf(error, socket)
      clearTimeout(late)
      if (unreachable === undefined) ended()
      else reject(unreachable)
    })
    socket.once('close', ended)
    socket.once('secureConnect', () => socket.write(bytesOf(call)))
  })
}

function bytesOf({ method, target, headers, body }: Call): Buffer {
  const content = Buffer.from(body)
  const length = method === 'POST' || content.length > 0 ? [`Content-Length: ${String(content.length)}`] : []
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), ...length]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content])
}

/** Undefined while more must come. */
function answerOf(chunks: readonly Buffer[], connection: 'open' | 'ended'): Answered | undefined {
  const text = Buffer.concat(chunks).toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0)
  if (end < 0 || status === 0) return undefined
  const headers = text.slice(0, end).split('\r\n').slice(1).map(headerOf)
  const rest = text.slice(end + 4)
  if (status < 200 && status !== 101) return answerOf([Buffer.from(rest, 'latin1')], connection)
  const isWhole = connection === 'ended' || rest.length > MAX_ANSWER_BYTES || bodyIsWhole(status, headers, rest)
  return isWhole ? { kind: 'answered', status, headers, body: bodyOf(headers, rest) } : undefined
}

function headerOf(line: string): RawHeader {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function bodyIsWhole(status: number, headers: readonly RawHeader[], rest: string): boolean {
  if (status === 101 || status === 204 || status === 304) return true
  if (isChunked(headers)) return rest.endsWith('0\r\n\r\n')
  const length = valueOf(headers, 'content-length')
  return length !== undefined && rest.length >= Number(length)
}

function bodyOf(headers: readonly RawHeader[], rest: string): string {
  const joined = isChunked(headers) ? unchunked(rest) : rest
  return Buffer.from(joined, 'latin1').toString('utf8')
}

function unchunked(rest: string): string {
  let body = ''
  for (let at = 0; at < rest.length;) {
    const line = rest.indexOf('\r\n', at)
    const size = line < 0 ? Number.NaN : Number.parseInt(rest.slice(at, line), 16)
    if (!(size > 0)) break
    body += rest.slice(line + 2, line + 2 + size)
    at = line + 4 + size
  }
  return body
}

function isChunked(headers: readonly RawHeader[]): boolean {
  return valueOf(headers, 'transfer-encoding')?.toLowerCase() === 'chunked'
}

/** The first; undefined where there is none. */
export function valueOf(headers: readonly RawHeader[], name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1]
}

/** Undefined for a connection that the proxy ended. */
function refusalOf(error: NodeJS.ErrnoException, socket: TLSSocket): Refused | undefined {
  const facts = { reason: error.code ?? error.name }
  if (error.code === 'ECONNREFUSED') return new Refused('connection_refused', facts, { cause: error })
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    return new Refused('host_unknown', facts, { cause: error })
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new Refused('server_name_mismatch', facts, { cause: error })
  }
  // Set when our own verification of the server failed, and not by an alert of theirs.
  return isUnverified(socket) ? new Refused('server_untrusted', facts, { cause: error }) : undefined
}

function isUnverified({ authorizationError }: TLSSocket): boolean {
  // Declared as always there; null or undefined until the handshake was judged.
  return Boolean(authorizationError)
}
