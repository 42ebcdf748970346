// A keep-alive HTTP/1.1 client over one TLS socket that does as little as a client can: on a small machine the client must
// not be what is measured. It asks one thing at a time and reads answers that carry a Content-Length, as ours do.
import { connect, type TLSSocket } from 'node:tls'

export interface Identity {
  /** PEM, leaf first, with its chain. */
  readonly certificate: string
  readonly key: string
}

export interface Server {
  readonly port: number
  /** PEM. */
  readonly ca: string
}

export interface RawAnswer {
  readonly status: number
  readonly body: Buffer
}

export class Connection {
  readonly #socket: TLSSocket
  #received: Buffer = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<RawAnswer> | undefined

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the service closed the connection')))
  }

  static open({ port, ca }: Server, identity?: Identity): Promise<Connection> {
    const shown = identity === undefined ? {} : { cert: identity.certificate, key: identity.key }
    return new Promise((opened, failed) => {
      const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...shown })
      socket.once('error', failed)
      socket.once('secureConnect', () => {
        socket.off('error', failed)
        opened(new Connection(socket))
      })
    })
  }

  /** Sends what `encodeRequest` made. */
  send(request: Buffer): Promise<RawAnswer> {
    this.#waiting = Promise.withResolvers()
    this.#socket.write(request)
    return this.#waiting.promise
  }

  /** One request whose answer is JSON. Throws for any status from 400. */
  async ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const answer = await this.send(encodeRequest(method, path, body))
    const text = answer.body.toString()
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const head = this.#received.toString('latin1', 0, headEnd)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? NaN)
    const end = headEnd + 4 + length
    if (Number.isNaN(end)) this.#waiting?.reject(new Error(`no Content-Length: ${head}`))
    if (this.#received.length < end) return
    const body = this.#received.subarray(headEnd + 4, end)
    this.#received = this.#received.subarray(end)
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), body })
  }
}

export function encodeRequest(method: string, path: string, body?: object): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const type = text === '' ? '' : 'content-type: application/json\r\n'
  const content = method === 'GET' ? '' : `${type}content-length: ${Buffer.byteLength(text)}\r\n`
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${content}\r\n${text}`)
}
