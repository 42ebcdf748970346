// Requests byte by byte, for what no HTTP client would send.
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { ClientIdentity } from '../support/https-client.ts'
import type { TestService } from '../support/test-service.ts'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
  readonly code: string | undefined
}

/** Where it listens, and whom it is trusted by. */
export type RawServer = Pick<TestService, 'url' | 'ca'>

export function connectTo(
  server: RawServer,
  identity?: ClientIdentity,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const { port } = new URL(server.url)
  const shown = identity === undefined ? {} : { cert: identity.certificate, key: identity.key }
  return new Promise((connected, failed) => {
    const socket = connect(
      { host: '127.0.0.1', port: Number(port), servername: 'localhost', ca: server.ca, ...shown, ...options },
      () => connected(socket),
    )
    socket.on('error', failed)
  })
}

/** Sends `text` on a connection of its own and reads until the service closes it. */
export async function sendRaw(service: TestService, text: string, identity?: ClientIdentity): Promise<RawAnswer> {
  const socket = await connectTo(service, identity)
  const answer = readToEnd(socket)
  socket.write(text)
  return answer
}

/** One more answer on a connection that stays open; the answer says how long it is. */
export function askOn(socket: TLSSocket, text: string): Promise<RawAnswer> {
  return new Promise((answered, failed) => {
    let received = ''
    const take = (chunk: Buffer): void => {
      received += chunk.toString('latin1')
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(received)?.[1] ?? Number.NaN)
      const start = received.indexOf('\r\n\r\n') + 4
      if (start < 4 || !(received.length - start >= length)) return
      socket.off('data', take)
      answered(parseAnswer(received))
    }
    socket.on('data', take)
    socket.once('error', failed)
    socket.write(text)
  })
}

function readToEnd(socket: TLSSocket): Promise<RawAnswer> {
  return new Promise((answered) => {
    const chunks: Buffer[] = []
    const finish = (): void => answered(parseAnswer(Buffer.concat(chunks).toString('utf8')))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', finish)
    // A service that refuses early may close before all was sent.
    socket.on('error', finish)
  })
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  const body = end < 0 ? '' : text.slice(end + 4)
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    head,
    body,
    code: /"code":"([a-z0-9_]+)"/.exec(body)?.[1],
  }
}
