// A follower of server-sent events for tests (HTML Living Standard §9.2): what came, and a wait for what is to come.
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { agentFor, type Target } from './https-client.ts'

export interface ServerSentEvent {
  readonly event: string
  readonly data: string
  readonly id: string | undefined
}

export class EventStream {
  readonly events: ServerSentEvent[] = []
  readonly #response: IncomingMessage
  readonly #waiting = new Set<() => void>()
  #rest = ''
  #isOver = false

  private constructor(response: IncomingMessage) {
    this.#response = response
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => this.#take(chunk))
    response.on('error', () => undefined)
    response.on('close', () => {
      this.#isOver = true
      this.#tell()
    })
  }

  static open(target: Target, path: string, headers: Record<string, string> = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const options = { agent: agentFor(target, false), headers: { accept: 'text/event-stream', ...headers } }
      const sent = request(new URL(path, target.url), options, (response) => resolve(new EventStream(response)))
      sent.on('error', reject)
      sent.end()
    })
  }

  get status(): number {
    return this.#response.statusCode ?? 0
  }

  /** The first event of that name for which it holds, also one that came before. Rejects when the stream ends without. */
  async until(name: string, holds: (event: ServerSentEvent) => boolean = () => true): Promise<ServerSentEvent> {
    for (;;) {
      const found = this.events.find((each) => each.event === name && holds(each))
      if (found !== undefined) return found
      if (this.#isOver) throw new Error(`the stream ended without ${name}: ${JSON.stringify(this.events)}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async ended(): Promise<void> {
    while (!this.#isOver) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  close(): void {
    this.#response.destroy()
  }

  #take(chunk: string): void {
    const blocks = (this.#rest + chunk).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*: ?/, '')]),
      )
      const event = fields.get('event')
      if (event !== undefined) this.events.push({ event, data: fields.get('data') ?? '', id: fields.get('id') })
    }
    this.#tell()
  }

  #tell(): void {
    for (const wake of [...this.#waiting]) wake()
    this.#waiting.clear()
  }
}
