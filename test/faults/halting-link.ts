// A way to a database that stops in the middle of a publication: from then on nothing passes in either direction, and the process
// that waits is killed by the test. The words of the protocol are seen as they are, since nothing is encrypted here.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** `before-store`: what the publication records has not arrived. `after-store`: it is committed, and nobody was told. */
export type HaltingPoint = 'before-store' | 'after-store'

/** The act in the audit event of the transaction, and the tag that ends a commit. */
const PUBLICATION = 'crl.publish'
const COMMITTED = 'COMMIT\0'

export class HaltingLink {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  /** On whose connection one is told of since the link was armed. */
  readonly #publishing = new Set<Socket>()
  #armed: { readonly at: HaltingPoint; readonly reached: () => void } | undefined
  #isHalted = false

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target
    this.#server = createServer((near) => this.#join(near))
  }

  static async to(target: { readonly host: string; readonly port: number }): Promise<HaltingLink> {
    const link = new HaltingLink(target)
    await new Promise<void>((listening) => link.#server.listen(0, '127.0.0.1', listening))
    return link
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Resolves when the next publication is there, and nothing passes any more. */
  haltAt(at: HaltingPoint): Promise<void> {
    this.#publishing.clear()
    return new Promise((reached) => (this.#armed = { at, reached }))
  }

  /** Lets new connections pass; those that were there are gone. */
  mend(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#isHalted = false
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((closed) => this.#server.close(closed))
  }

  #join(near: Socket): void {
    const far = connect(this.#target)
    this.#keep(near, far)
    this.#keep(far, near)
    near.on('data', (chunk: Buffer) => {
      if (chunk.includes(PUBLICATION)) this.#publishing.add(near)
      if (this.#publishing.has(near)) this.#reach('before-store')
      if (!this.#isHalted) far.write(chunk)
    })
    far.on('data', (chunk: Buffer) => {
      if (this.#publishing.has(near) && chunk.includes(COMMITTED)) this.#reach('after-store')
      if (!this.#isHalted) near.write(chunk)
    })
  }

  #keep(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      other.destroy()
    })
  }

  #reach(point: HaltingPoint): void {
    if (this.#armed?.at !== point) return
    this.#isHalted = true
    this.#armed.reached()
    this.#armed = undefined
  }
}
