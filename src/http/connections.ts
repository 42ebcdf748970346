// The connections of one server: what is being answered on each, and an end that takes as long as the requests do. Node's own
// `close` leaves a connection open and idle when its request is answered later, and cuts off an answer that was handed over
// and not yet taken.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as SocketServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export class Connections {
  readonly #server: Server
  /** The response to the last request that was read on a connection. Answers go out in the order of their requests. */
  readonly #latest = new Map<Duplex, ServerResponse>()
  #closing: Promise<void> | undefined

  constructor(server: Server) {
    this.#server = server
  }

  /** For every request that was read: whether it is to be answered. */
  admit({ socket }: IncomingMessage, outgoing: ServerResponse): boolean {
    const before = this.#latest.get(socket)
    if (this.#closing !== undefined) {
      // RFC 9112 §9.6: what comes behind the answer that says `close` is not processed.
      if (before !== undefined && !before.writableFinished) return false
      endWith(outgoing, socket)
    }
    if (before === undefined) socket.once('close', () => this.#latest.delete(socket))
    this.#latest.set(socket, outgoing)
    return true
  }

  latestOn(socket: Duplex): ServerResponse | undefined {
    return this.#latest.get(socket)
  }

  /** Takes no new connection, and resolves when what was accepted is answered and the answers are taken. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((done, failed) => {
      SocketServer.prototype.close.call(this.#server, (error) => (error === undefined ? done() : failed(error)))
    })
    for (const outgoing of this.#latest.values()) {
      if (!outgoing.writableFinished) endWith(outgoing, outgoing.req.socket)
    }
    await this.#closeIdle()
    await closed
    // Only now: it also ends the watch over requests that never end.
    this.#server.close()
  }

  /** To Node a connection is idle once its answer was handed over. Those that are idle wait for those that only seem so. */
  async #closeIdle(): Promise<void> {
    for (;;) {
      const beingTaken = [...this.#latest.values()].filter(isBeingTaken)
      if (beingTaken.length === 0) break
      await Promise.all(beingTaken.map((outgoing) => new Promise((ended) => void outgoing.once('close', ended))))
    }
    this.#server.closeIdleConnections()
  }
}

function isBeingTaken({ writableFinished, req }: ServerResponse): boolean {
  return !writableFinished && req.socket.writableLength > 0
}

function endWith(outgoing: ServerResponse, socket: Socket): void {
  if (outgoing.headersSent) outgoing.once('finish', () => socket.destroySoon())
  else outgoing.setHeader('connection', 'close')
}
