// An HTTPS server that answers as the test says, and remembers what it was asked.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Party } from './test-ca.ts'

export interface Received {
  readonly method: string
  readonly url: string
  readonly idempotencyKey: string | undefined
  readonly body: unknown
  /** Common name of the client certificate. */
  readonly client: string | undefined
}

export interface FakeAnswer {
  readonly status?: number
  readonly type?: string
  readonly body: string | Uint8Array | object
}

/** `lost` closes the connection instead of answering; `silent` never answers. */
export type Responder = (received: Received) => Reply | Promise<Reply>
type Reply = FakeAnswer | 'lost' | 'silent' | undefined

export interface FakeService extends AsyncDisposable {
  readonly url: string
  readonly received: readonly Received[]
}

export async function startService(server: Party, chain: readonly Party[], respond: Responder): Promise<FakeService> {
  const received: Received[] = []
  const cert = [server, ...chain].map(({ pem }) => pem).join('')
  const listener = createServer({ cert, key: server.key, requestCert: true, rejectUnauthorized: false })
  listener.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void readBody(request).then(async (body) => {
      const one = receivedOf(request, body)
      received.push(one)
      answer(response, (await respond(one)) ?? problem(404, 'not_found', 'There is nothing here.'))
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${String(port)}`,
    received,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      }),
  }
}

export function problem(status: number, code: string, title: string, facts?: object): FakeAnswer {
  const body = { type: `urn:signet:problem:${code}`, title, status, code, requestId: 'r-1', facts }
  return { status, type: 'application/problem+json', body }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function receivedOf(request: IncomingMessage, body: string): Received {
  const key = request.headers['idempotency-key']
  const { socket } = request
  const subject = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    idempotencyKey: typeof key === 'string' ? key : undefined,
    body: body === '' ? undefined : JSON.parse(body),
    client: subject?.replace(/^CN=/, ''),
  }
}

function answer(response: ServerResponse, given: FakeAnswer | 'lost' | 'silent'): void {
  if (given === 'silent') return
  if (given === 'lost') {
    response.socket?.destroy()
    return
  }
  const { status = 200, type = 'application/json', body } = given
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': type })
  response.end(bytes)
}
