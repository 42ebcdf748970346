// What is refused before a request reaches an application: what Node cannot read (a line that is no HTTP, headers that are too
// many, a request that never ends), a request without a Host, an expectation that nobody meets, a target that is no URL. All of
// it gets a problem document like every other refusal.
import { RequestError } from '@hono/node-server'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Facts } from '../domain/coded-error.ts'
import { type Problem, problemOf, problemResponse } from './problem.ts'
import type { ProblemCode } from './problems.ts'
import { makeRequestId } from './request-id.ts'

/** Time to take the answer while the rest of the request is thrown away. */
const LINGER_MILLISECONDS = 1000

/** By the code of Node's error; every other `HPE_…` of its parser is a request that cannot be read. */
const CODES: ReadonlyMap<string, ProblemCode> = new Map([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_too_slow'],
])

/** Connections that have their last answer: whatever else comes on them is thrown away. */
const answered = new WeakSet<Duplex>()

/** For `clientError`: answers on the bare socket. `latest` is the response to the last request that was read on it, if any. */
export function answerUnreadable(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  latest: ServerResponse | undefined,
): void {
  // The parser complains again about each piece that follows.
  if (answered.has(socket)) return
  const name = error.code ?? ''
  const code = CODES.get(name) ?? (name.startsWith('HPE_') ? 'request_unreadable' : undefined)
  // A handshake that failed comes here too: there is nobody to talk to.
  if (code === undefined || !socket.writable || !isItsTurn(socket, latest)) {
    socket.destroy()
    return
  }
  answered.add(socket)
  const problem = problemOf(code, {}, makeRequestId())
  const body = JSON.stringify(problem)
  const head = [`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`]
  for (const [header, value] of Object.entries(headersOf(problem, body))) head.push(`${header}: ${value}`)
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // Closed at once, with bytes unread, the connection would be reset and the answer lost; but nobody holds it for long.
  socket.resume()
  setTimeout(() => socket.destroy(), LINGER_MILLISECONDS).unref()
}

/**
 * Answers stand in the order of their requests. What cannot be read comes after the last request, and then nothing may
 * be left to answer: this would be taken for its answer. Or it is the body of that request, which must have no answer yet and
 * wait for no other.
 */
function isItsTurn(socket: Duplex, latest: ServerResponse | undefined): boolean {
  if (latest === undefined) return true
  if (latest.req.complete) return latest.writableFinished
  return latest.socket === socket && !latest.headersSent
}

/** Instead of the application. The connection ends with it: whether a body follows is not known. */
export function refuseUnserved(outgoing: ServerResponse, code: ProblemCode, facts: Facts = {}): void {
  const problem = problemOf(code, facts, makeRequestId())
  const body = JSON.stringify(problem)
  outgoing.writeHead(problem.status, headersOf(problem, body)).end(body)
}

/** For the adapter, which refuses a target or a Host that make no URL. Anything else that it meets is our own fault. */
export function refuseUnserveable(error: unknown): Response {
  const code = error instanceof RequestError ? 'request_unreadable' : 'internal'
  return problemResponse(code, {}, makeRequestId(), { connection: 'close' })
}

function headersOf({ requestId }: Problem, body: string): Record<string, string> {
  return {
    // RFC 9110 §6.6.1: on every answer of a server that has a clock.
    date: new Date().toUTCString(),
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
}
