// Writes a body that lies in parts to a connection, and ends the answer. No more lies ready than one batch, so a slow reader costs its
// connection and no memory, and parts that are made as they are taken are made no sooner.
import type { ServerResponse } from 'node:http'

/** Given to the system at once: long enough that a call for each costs nothing, short enough that others have their turn. */
const BATCH_OCTETS = 512 * 1024

export function writeParts(outgoing: ServerResponse, parts: Iterable<Uint8Array>): void {
  const coming = parts[Symbol.iterator]()
  const writeBatch = (): void => {
    if (outgoing.destroyed) return
    outgoing.cork()
    if (takeBatch(outgoing, coming) === 'ended') outgoing.end()
    // What the system takes at once is drained in this very turn: a fast reader would keep the event loop to itself.
    else outgoing.once('drain', () => setImmediate(writeBatch))
    outgoing.uncork()
  }
  writeBatch()
}

function takeBatch(outgoing: ServerResponse, coming: Iterator<Uint8Array>): 'ended' | 'more' {
  for (let octets = 0; octets < BATCH_OCTETS;) {
    const next = coming.next()
    if (next.done === true) return 'ended'
    octets += next.value.length
    outgoing.write(next.value)
  }
  return 'more'
}
