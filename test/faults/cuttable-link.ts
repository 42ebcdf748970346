// A way to a server that can be cut: what a stopped server and a broken network look like from the client's side.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class CuttableLink {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #target: { readonly host: string; readonly port: number }
  #isCut = false

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target
    this.#server = createServer((near) => this.#join(near))
  }

  static async to(target: { readonly host: string; readonly port: number }): Promise<CuttableLink> {
    const link = new CuttableLink(target)
    await new Promise<void>((listening) => link.#server.listen(0, '127.0.0.1', listening))
    return link
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Breaks every connection, and each new one at once. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  mend(): void {
    this.#isCut = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((closed) => this.#server.close(closed))
  }

  #join(near: Socket): void {
    this.#keep(near)
    if (this.#isCut) {
      near.resetAndDestroy()
      return
    }
    const far = connect(this.#target)
    this.#keep(far)
    near.pipe(far).pipe(near)
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
