// The body of a request whose length was looked at before: Node reads no more than that.
import type { IncomingMessage } from 'node:http'

/** Rejects when the client breaks it off. The consumers of `node:stream` go through a Blob, which costs more than the decision. */
export function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((read, failed) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => read(onlyOf(chunks) ?? Buffer.concat(chunks)))
    incoming.on('error', failed)
    // Every request closes, those that were read too: an error that nobody gets costs as much as the decision.
    incoming.on('close', () => {
      if (!incoming.readableEnded) failed(new Error('the request was broken off'))
    })
  })
}

function onlyOf(chunks: readonly Buffer[]): Buffer | undefined {
  return chunks.length === 1 ? chunks[0] : undefined
}
