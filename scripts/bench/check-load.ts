// Asks a gRPC server again and again, in turn for each message of a file, over one HTTP/2 connection. It does as little as a client
// can: messages are framed before the clock runs, and of an answer only its beginning is looked at.
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import type { Identity, Server } from './connection.ts'
import type { LoadPlan } from './load.ts'
import { readInput } from './pinned.ts'
import { type Client, runLoad } from './run-load.ts'

export interface CheckOrder extends LoadPlan {
  readonly server: Server
  readonly identity: Identity
  /** JSON: messages in base64. */
  readonly messageFile: string
  readonly atOnce: number
}

const HEADERS: OutgoingHttpHeaders = {
  ':method': 'POST',
  ':path': '/envoy.service.auth.v3.Authorization/Check',
  'content-type': 'application/grpc',
  te: 'trailers',
  'grpc-timeout': '5S',
}

const order = await readInput<CheckOrder>()
const { server, identity } = order
const frames = (JSON.parse(readFileSync(order.messageFile, 'utf8')) as readonly string[]).map(frameOf)
const session = connect(`https://localhost:${server.port}`, {
  ca: server.ca,
  cert: identity.certificate,
  key: identity.key,
})
let asked = 0
const clients = Array.from({ length: order.atOnce }, (): Client => () => ask(session, next()))
console.log(JSON.stringify(await runLoad(clients, order)))
session.destroy()

/** Uncompressed, with its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function frameOf(message: string): Buffer {
  const bytes = Buffer.from(message, 'base64')
  const frame = Buffer.alloc(5 + bytes.length)
  frame.writeUInt32BE(bytes.length, 1)
  bytes.copy(frame, 5)
  return frame
}

function next(): Buffer {
  const frame = frames[asked % frames.length]
  asked += 1
  if (frame === undefined) throw new Error('no messages')
  return frame
}

function ask(over: ClientHttp2Session, frame: Buffer): Promise<void> {
  return new Promise((answered, failed) => {
    const stream = over.request(HEADERS)
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', failed)
    stream.on('trailers', (trailers) => {
      // The status of an allowance has the message ALLOWED, before all else.
      const [first = Buffer.alloc(0)] = chunks
      const start = first.length < 64 ? Buffer.concat(chunks) : first
      if (trailers['grpc-status'] === '0' && start.includes('ALLOWED')) answered()
      else failed(new Error(`refused: ${start.toString('latin1').slice(0, 200)}`))
    })
    stream.end(frame)
  })
}
