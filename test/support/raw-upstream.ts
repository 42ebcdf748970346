// A model server that answers whatever a test says, byte for byte, and keeps what came on each connection: for what no real server
// would say, and for what must not reach one.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class RawUpstream {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #received: string[] = []
  /** Called with each connection's text so far, whenever there is more of it. */
  answer: (socket: Socket, text: string) => void = () => undefined

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#take(socket))
  }

  static async start(): Promise<RawUpstream> {
    const server = createServer()
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return new RawUpstream(server)
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`
  }

  /** What came, one text for each connection, the oldest first. */
  get received(): readonly string[] {
    return this.#received
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  /** Also ends what is open, so that no test sees the connections of another. */
  forget(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#received = []
  }

  /** To every request head the same text, and then the end of the connection. */
  always(text: string): void {
    this.answer = (socket, received) => {
      if (received.includes('\r\n\r\n') && !socket.writableEnded) socket.end(Buffer.from(text, 'latin1'))
    }
  }

  async stop(): Promise<void> {
    this.forget()
    await new Promise((closed) => this.#server.close(closed))
  }

  #take(socket: Socket): void {
    const number = this.#received.push('') - 1
    const mine = this.#received
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      mine[number] = (mine[number] ?? '') + chunk.toString('latin1')
      this.answer(socket, mine[number] ?? '')
    })
  }
}
