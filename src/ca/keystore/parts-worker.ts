// The thread of `parts-thread.ts`. It keeps nothing between two orders.
import { createHash, createSign, sign } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { PartsAnswer, PartsOrder } from './parts-thread.ts'

parentPort?.on('message', (order: PartsOrder) => {
  const answer = answerOf(order)
  parentPort?.postMessage(answer, answer.kind === 'done' ? [answer.bytes.buffer] : [])
})

function answerOf(order: PartsOrder): PartsAnswer {
  try {
    return { kind: 'done', bytes: ownedBytes(resultOf(order)) }
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) }
  }
}

/** What Node gives may lie in memory that it shares out, which cannot be handed over. */
function ownedBytes({ buffer, byteOffset, length }: Buffer): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(buffer, byteOffset, length)
  return length === buffer.byteLength && buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, length)
    : new Uint8Array(bytes)
}

function resultOf(order: PartsOrder): Buffer {
  switch (order.kind) {
    case 'sign':
      return signatureOf(order)
    case 'sha256': {
      const hash = createHash('sha256')
      for (const part of order.parts) hash.update(part)
      return hash.digest()
    }
    default:
      return order satisfies never
  }
}

function signatureOf({ hash, parts, ...key }: PartsOrder & { readonly kind: 'sign' }): Buffer {
  if (hash === null) return sign(null, Buffer.concat(parts), key)
  const signing = createSign(hash)
  for (const part of parts) signing.update(part)
  return signing.sign(key)
}
