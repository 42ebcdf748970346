// Passes a call on to the model server and its answer back, byte by byte as they come: bodies, events, trailers. Nothing is held but
// what a socket holds. When one side breaks off, so does the other.
import { type IncomingMessage, request as httpRequest, type RequestOptions, type ServerResponse } from 'node:http'
import type { Agent } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { pairsOf, passedBack } from './passed-on.ts'

export interface Upstream {
  readonly url: URL
  readonly agent: Agent
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

/** `unreachable`: no connection, or it broke before an answer; `too-slow`: nothing came in time. */
export type ForwardFault = 'unreachable' | 'too-slow'

/** `cut` ends both sides at once; `done` resolves when nothing goes on any more. */
export interface Forwarded {
  readonly done: Promise<void>
  cut(): void
}

export function forward(
  upstream: Upstream,
  outgoing: Outgoing,
  request: IncomingMessage,
  response: ServerResponse,
  refuse: (fault: ForwardFault) => void,
): Forwarded {
  const { promise: done, resolve } = Promise.withResolvers<undefined>()
  const up = open(upstream, outgoing)
  let fault: ForwardFault = 'unreachable'
  const end = (): void => {
    up.destroy()
    resolve(undefined)
  }
  up.on('timeout', () => {
    fault = 'too-slow'
    up.destroy(new Error('the model server is too slow'))
  })
  up.on('response', (answer) => passBack(answer, response))
  up.on('error', () => {
    if (response.headersSent) response.destroy()
    else refuse(fault)
  })
  response.on('close', end)
  request.on('error', end)
  for (const chunk of outgoing.begun) up.write(chunk)
  if (request.readableEnded) up.end()
  else request.pipe(up)
  return {
    done,
    cut: () => {
      response.destroy()
      end()
    },
  }
}

function passBack(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedBack(answer.rawHeaders))
  // The head of a stream goes out before its first event.
  response.flushHeaders()
  answer.on('error', () => response.destroy())
  answer.on('aborted', () => response.destroy())
  answer.on('end', () => {
    const trailers = pairsOf(answer.rawTrailers)
    if (trailers.length > 0) response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]))
    response.end()
  })
  answer.pipe(response, { end: false })
}

/** A WebSocket, or whatever else both sides agree on: after the 101 bytes go both ways until one side ends. */
export function forwardUpgrade(
  upstream: Upstream,
  outgoing: Outgoing,
  client: Duplex,
  head: Buffer,
  refuse: (fault: ForwardFault) => void,
): Forwarded {
  const { promise: done, resolve } = Promise.withResolvers<undefined>()
  const up = open({ ...upstream, timeoutSeconds: upstream.timeoutSeconds }, outgoing)
  let server: Duplex | undefined
  const end = (): void => {
    up.destroy()
    server?.destroy()
    client.destroy()
    resolve(undefined)
  }
  let fault: ForwardFault = 'unreachable'
  up.on('timeout', () => {
    fault = 'too-slow'
    up.destroy(new Error('the model server is too slow'))
  })
  up.on('error', () => {
    refuse(fault)
    end()
  })
  up.on('response', (answer) => {
    client.write(headOf(answer, passedBack(answer.rawHeaders).concat('Connection', 'close')))
    answer.on('end', () => client.end()).on('error', end)
    answer.pipe(client, { end: false })
  })
  up.on('upgrade', (answer, socket, rest) => {
    server = socket
    // Nobody has to speak on a WebSocket.
    socket.setTimeout(0)
    client.write(headOf(answer, answer.rawHeaders))
    if (rest.length > 0) client.write(rest)
    if (head.length > 0) socket.write(head)
    socket.on('error', end).on('close', end)
    socket.pipe(client)
    client.pipe(socket)
  })
  client.on('error', end).on('close', end)
  up.end()
  return { done, cut: end }
}

function headOf({ httpVersion, statusCode, statusMessage }: IncomingMessage, raw: readonly string[]): string {
  const lines = pairsOf(raw).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/${httpVersion} ${String(statusCode)} ${statusMessage ?? ''}\r\n${lines.join('')}\r\n`
}

function open({ url, agent, timeoutSeconds }: Upstream, { method, target, headers }: Outgoing) {
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
