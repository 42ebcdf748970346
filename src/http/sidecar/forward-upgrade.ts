// A WebSocket (RFC 6455) on its way to the model server: after the 101 of both sides, bytes go both ways until one side ends. No other
// protocol is let through: what is spoken in a tunnel is decided by nobody.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  failure,
  type Forwarded,
  type ForwardFault,
  GONE,
  openUpstream,
  type Outgoing,
  reasonOf,
  type Upstream,
} from './forward.ts'
import { pairsOf, passedBack } from './passed-on.ts'

/** Whether a call asks for a WebSocket and nothing beside it. One with a body is none: it would be read as what comes after. */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
  return method === 'GET' && isWebSocket(headers.upgrade) && !hasBody
}

export function forwardUpgrade(
  upstream: Upstream,
  outgoing: Outgoing,
  client: Duplex,
  head: Buffer,
  refuse: (fault: ForwardFault) => void,
): Forwarded {
  if (client.destroyed) return GONE
  const { promise: done, resolve } = Promise.withResolvers<undefined>()
  const up = openUpstream({ ...upstream, agent: false }, outgoing)
  let server: Duplex | undefined
  const end = (): void => {
    up.destroy()
    server?.destroy()
    client.destroy()
    resolve(undefined)
  }
  const fail = failure(up, (fault) => {
    refuse(fault)
    endWhenTold(client, end)
  })
  up.on('response', (answer) => {
    client.write(headOf(answer, passedBack(answer.rawHeaders, 'dropped').concat('Connection', 'close')))
    answer.on('end', () => endWhenTold(client.end(), end)).on('error', end)
    answer.pipe(client, { end: false })
  })
  up.on('upgrade', (answer, socket, rest) => {
    if (!isWebSocket(answer.headers.upgrade)) {
      socket.destroy()
      fail('unreachable')
      return
    }
    server = socket
    socket.on('error', end).on('close', end)
    // Nobody has to speak on a WebSocket.
    socket.setTimeout(0)
    client.write(headOf(answer, answer.rawHeaders))
    if (rest.length > 0) client.write(rest)
    if (head.length > 0) socket.write(head)
    socket.pipe(client)
    client.pipe(socket)
  })
  client.on('error', end).on('close', end)
  up.end()
  return { done, cut: end }
}

/** What was written last still goes out; who does not close then is closed. */
function endWhenTold(client: Duplex, end: () => void): void {
  if (client.writableFinished) end()
  else client.once('finish', end)
}

function isWebSocket(upgrade: string | undefined): boolean {
  return upgrade?.toLowerCase() === 'websocket'
}

function headOf(answer: IncomingMessage, raw: readonly string[]): string {
  const lines = pairsOf(raw).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${String(answer.statusCode)} ${reasonOf(answer)}\r\n${lines.join('')}\r\n`
}
