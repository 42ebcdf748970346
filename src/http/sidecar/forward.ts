// Passes a call on to the model server and its answer back, byte by byte as they come: bodies, events, trailers. Nothing is held but
// what a socket holds. When one side breaks off, so does the other. What the model server says is believed as little as what a
// client says: an answer that cannot be told again is none. RFC 9110 §7.6, RFC 9112 §9.3.
import { type IncomingMessage, request as httpRequest, type RequestOptions, type ServerResponse } from 'node:http'
import type { Agent } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pairsOf, passedBack } from './passed-on.ts'

export interface Upstream {
  readonly url: URL
  /** `false`: a connection of its own, which serves no other call after. */
  readonly agent: Agent | false
  /** Without a byte from the model server for so long, it is given up. */
  readonly timeoutSeconds: number
}

export interface Outgoing {
  readonly method: string
  readonly target: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly begun: readonly Buffer[]
}

/** `unreachable`: no connection, no answer, or none that is HTTP; `too-slow`: nothing came in time. */
export type ForwardFault = 'unreachable' | 'too-slow'

/** `cut` ends both sides at once; `done` resolves when nothing goes on any more. */
export interface Forwarded {
  readonly done: Promise<void>
  cut(): void
}

/** Who goes on sending after the answer is listened to for so long: an answer must not be lost to a reset. */
const LINGER_MILLISECONDS = 5000

export function forward(
  upstream: Upstream,
  outgoing: Outgoing,
  request: IncomingMessage,
  response: ServerResponse,
  refuse: (fault: ForwardFault) => void,
): Forwarded {
  // Gone while it was decided: nothing would ever tell us so again.
  if (request.socket.destroyed) return GONE
  const { promise: done, resolve } = Promise.withResolvers<undefined>()
  const up = openUpstream(upstream, outgoing)
  const end = (): void => {
    up.destroy()
    request.socket.off('close', end)
    resolve(undefined)
  }
  const fail = failure(up, (fault) => {
    if (response.headersSent) response.destroy()
    else refuse(fault)
  })
  up.on('response', (answer) => {
    if (!passBack(answer, request, response)) fail('unreachable')
  })
  // A server that changes the protocol unasked talks to nobody.
  up.on('upgrade', (_answer, socket) => {
    socket.destroy()
    fail('unreachable')
  })
  response.on('close', end)
  response.on('finish', () => lingerFor(request, up))
  request.on('error', end)
  // Of pipelined calls only the first has a response that hears of it.
  request.socket.on('close', end)
  for (const chunk of outgoing.begun) up.write(chunk)
  if (request.readableEnded) up.end()
  else request.pipe(up)
  return {
    done,
    cut: () => {
      response.destroy()
      // A pipelined one has no connection of its own yet.
      request.socket.destroy()
      end()
    },
  }
}

export const GONE: Forwarded = { done: Promise.resolve(), cut: () => undefined }

type UpstreamRequest = ReturnType<typeof httpRequest>

/** Told once, whatever else goes wrong after. */
export function failure(up: UpstreamRequest, tell: (fault: ForwardFault) => void): (fault: ForwardFault) => void {
  let isTold = false
  const fail = (fault: ForwardFault): void => {
    if (isTold) return
    isTold = true
    up.destroy()
    tell(fault)
  }
  up.on('timeout', () => fail('too-slow'))
  up.on('error', () => fail('unreachable'))
  return fail
}

/** The rest of a body that the model server did not wait for must not be taken for the next request, nor keep it waiting. */
function lingerFor(request: IncomingMessage, up: UpstreamRequest): void {
  if (request.complete) return
  request.unpipe(up)
  request.resume()
  setTimeout(() => {
    if (!request.complete) request.socket.destroy()
  }, LINGER_MILLISECONDS).unref()
}

/** False for an answer that is none: nothing of it was told. */
function passBack(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse): boolean {
  const { statusCode: status = 0 } = answer
  if (status < 200) return false
  const trailers = takesTrailers(answer, request) ? 'kept' : 'dropped'
  response.writeHead(status, reasonOf(answer), passedBack(answer.rawHeaders, trailers))
  // The head of a stream goes out before its first event.
  response.flushHeaders()
  answer.on('error', () => response.destroy())
  answer.on('aborted', () => response.destroy())
  answer.on('end', () => {
    const told = trailers === 'kept' ? pairsOf(answer.rawTrailers) : []
    response.addTrailers(told.map(([name, value]): [string, string] => [name, value]))
    response.end()
  })
  answer.pipe(response, { end: false })
  return true
}

/** Only behind chunks (RFC 9112 §7.1.2), which HTTP/1.0 does not have, nor an answer without a body. */
function takesTrailers({ headers, statusCode }: IncomingMessage, { method, httpVersion }: IncomingMessage): boolean {
  const hasBody = method !== 'HEAD' && statusCode !== 204 && statusCode !== 304
  return hasBody && httpVersion === '1.1' && headers['transfer-encoding'] !== undefined
}

/** The parser lets anything through there but the end of the line. */
export function reasonOf({ statusMessage = '' }: IncomingMessage): string {
  return /^[\t -~\u0080-\u00ff]*$/.test(statusMessage) ? statusMessage : ''
}

export function openUpstream({ url, agent, timeoutSeconds }: Upstream, { method, target, headers }: Outgoing) {
  const options: RequestOptions = {
    agent,
    method,
    path: target,
    headers: [...headers],
    timeout: timeoutSeconds * 1000,
    hostname: url.hostname,
    port: url.port,
  }
  return url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options)
}
