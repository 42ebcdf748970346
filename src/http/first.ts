// What looks at the requests of a listener before the framework does, and answers the few that are asked most on the connection itself.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers a request, or calls `next` for it. */
export type First = (incoming: IncomingMessage, outgoing: ServerResponse, next: () => void) => void

/** Each looks when the one before it did not answer. */
export function inTurn(one: First, other: First): First {
  return (incoming, outgoing, next) => one(incoming, outgoing, () => other(incoming, outgoing, next))
}
