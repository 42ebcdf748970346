// What looks at the requests of a listener before the framework does, and answers the few that are asked most on the connection itself.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers a request, or calls `next` for it. */
export type First = (incoming: IncomingMessage, outgoing: ServerResponse, next: () => void) => void

/** An answer whose body is text: with its head it goes out in one piece. */
export interface Reply {
  readonly status: number
  /** Name, value, name, value: as Node takes them without looking anything up. */
  readonly headers: readonly string[]
  readonly body: string
  /** `latin1`: each character is a byte. */
  readonly encoding: 'utf8' | 'latin1'
}

/** Never throws: a header that cannot be written is a fault of ours, and ends the connection. */
export function give(outgoing: ServerResponse, reply: Reply, failed: (error: unknown) => void): void {
  const { status, headers, body, encoding } = reply
  try {
    const length = Buffer.byteLength(body, encoding)
    // As many bytes as characters: each is one byte in either encoding, and this one is written without looking at them.
    const plainest = length === body.length ? 'latin1' : encoding
    // Without a length it would go out in chunks.
    outgoing.writeHead(status, [...headers, 'content-length', String(length)]).end(body, plainest)
  } catch (error) {
    failed(error)
    outgoing.destroy()
  }
}

/** Each looks when the one before it did not answer. */
export function inTurn(one: First, other: First): First {
  return (incoming, outgoing, next) => one(incoming, outgoing, () => other(incoming, outgoing, next))
}
