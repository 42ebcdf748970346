// A small real model server on loopback, as it stands behind a proxy: OpenAI's API, a scoring API as H2O MLOps has it, a
// WebSocket that echoes, and a record of every call that reached it. It asks for no credential and trusts whoever reaches
// it: that is what a proxy in front of it is for.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface ModelCall {
  readonly method: string
  /** As it came: path and query, not decoded. */
  readonly target: string
  /** As they came: order, letter case and repetitions. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

type Fields = Readonly<Record<string, unknown>>
type Handler = (call: ModelCall, response: ServerResponse, server: ModelServer) => void

const MODEL = 'echo-1'
const CREATED = 1_700_000_000

/** Every value that a call has for a header, in any letter case, dashes and underscores being one. */
export function valuesOf({ headers }: ModelCall, name: string): string[] {
  const plain = (text: string) => text.toLowerCase().replaceAll('_', '-')
  return headers.filter(([each]) => plain(each) === plain(name)).map(([, value]) => value)
}

export class ModelServer {
  readonly port: number
  readonly #server: Server
  readonly #sockets: WebSocketServer
  #calls: ModelCall[] = []
  #held: (() => void)[] | undefined

  private constructor(server: Server, sockets: WebSocketServer, port: number) {
    this.#server = server
    this.#sockets = sockets
    this.port = port
  }

  static async start(): Promise<ModelServer> {
    const server = createServer()
    const sockets = new WebSocketServer({ server, path: '/ws' })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const model = new ModelServer(server, sockets, (server.address() as AddressInfo).port)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void model.#answer(request, response))
    sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
      model.#calls.push(callOf(request, ''))
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    return model
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`
  }

  /** What reached it, WebSockets too, the oldest first. */
  get calls(): readonly ModelCall[] {
    return this.#calls
  }

  forgetCalls(): void {
    this.#calls = []
  }

  /** From now on a stream stops after its first event until `release`: who gets that event had no buffer in between. */
  hold(): void {
    this.#held = []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const goOn of held) goOn()
  }

  /** Resolves at once unless streams are held. */
  released(): Promise<void> {
    const held = this.#held
    return held === undefined ? Promise.resolve() : new Promise((goOn) => held.push(goOn))
  }

  async stop(): Promise<void> {
    this.release()
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    // Who breaks off while sending has no answer to wait for.
    request.on('error', () => response.destroy())
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const call = callOf(request, Buffer.concat(chunks).toString('utf8'))
    this.#calls.push(call)
    const { pathname } = new URL(`http://model${call.target}`)
    const handler = HANDLERS.get(`${call.method} ${pathname}`) ?? HANDLERS.get(pathname) ?? notFound
    handler(call, response, this)
  }
}

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['GET /healthz', (_call, response) => sendJson(response, { status: 'ok' })],
  ['GET /v1/models', (_call, response) => sendJson(response, { object: 'list', data: [modelCard()] })],
  ['POST /v1/chat/completions', chat],
  ['POST /v1/completions', complete],
  ['POST /predict', predict],
  ['POST /score', score],
  ['GET /capabilities', (_call, response) => sendJson(response, { capabilities: ['SCORE', 'SCORE_PSEUDOCODE'] })],
  [
    'GET /sample-request',
    (_call, response) => sendJson(response, { fields: ['age', 'income'], rows: [['30', '1000']] }),
  ],
  ['/echo', (call, response) => sendJson(response, call)],
])

function notFound(_call: ModelCall, response: ServerResponse): void {
  sendJson(response, { error: { message: 'no such route', type: 'invalid_request_error' } }, 404)
}

function modelCard(): Fields {
  return { id: MODEL, object: 'model', created: CREATED, owned_by: 'tests' }
}

function chat(call: ModelCall, response: ServerResponse, server: ModelServer): void {
  const asked = fieldsOf(call.body)
  const messages = Array.isArray(asked['messages']) ? (asked['messages'] as Fields[]) : []
  const reply = `You said: ${textOf(messages.at(-1)?.['content'])}`
  const head = { id: 'chatcmpl-1', created: CREATED, model: textOf(asked['model']) }
  if (asked['stream'] === true) return void stream(response, server, chatEvents(head, reply))
  const message = { role: 'assistant', content: reply }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  sendJson(response, { ...head, object: 'chat.completion', choices, usage: USAGE })
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }

/** One event for a word, and the one that ends it. */
function chatEvents(head: Fields, reply: string): Fields[] {
  const event = (delta: Fields, finish: string | null): Fields => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const words = reply.match(/\S+\s*/g) ?? []
  return [...words.map((content) => event({ role: 'assistant', content }, null)), event({}, 'stop')]
}

function complete(call: ModelCall, response: ServerResponse): void {
  const asked = fieldsOf(call.body)
  const choices = [{ index: 0, text: `You said: ${textOf(asked['prompt'])}`, logprobs: null, finish_reason: 'stop' }]
  const head = { id: 'cmpl-1', object: 'text_completion', created: CREATED, model: textOf(asked['model']) }
  sendJson(response, { ...head, choices, usage: USAGE })
}

function predict(call: ModelCall, response: ServerResponse): void {
  const { instances } = fieldsOf(call.body)
  sendJson(response, { predictions: Array.isArray(instances) ? instances : [] })
}

/** The answer that H2O MLOps' scorers give. */
function score(call: ModelCall, response: ServerResponse): void {
  const { rows } = fieldsOf(call.body)
  const scores = Array.isArray(rows) ? rows.map(() => ['0.5']) : []
  sendJson(response, { id: '00000000-0000-4000-8000-000000000001', fields: ['label'], score: scores })
}

async function stream(response: ServerResponse, server: ModelServer, events: readonly Fields[]): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  for (const event of events) {
    response.write(`data: ${JSON.stringify(event)}\n\n`)
    await server.released()
  }
  response.end('data: [DONE]\n\n')
}

function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function callOf({ method = '', url = '', rawHeaders }: IncomingMessage, body: string): ModelCall {
  const headers = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : []))
  return { method, target: url, headers, body }
}

/** No fields where the body is no JSON object. */
function fieldsOf(body: string): Fields {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Fields) : {}
  } catch {
    return {}
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
