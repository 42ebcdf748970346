// The thread of `parts-thread.ts`. It keeps nothing between two orders. In JavaScript, its types in comments: what strips types would
// take 11 MB of the thread for as long as it lives.
import { Buffer } from 'node:buffer'
import { createHash, createSign, sign } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

/** @import { PartsAnswer, PartsOrder } from './parts-thread.ts' */

parentPort?.on('message', (/** @type {PartsOrder} */ order) => {
  const answer = answerOf(order)
  parentPort?.postMessage(answer, answer.kind === 'done' ? [answer.bytes.buffer] : [])
})

/**
 * @param {PartsOrder} order
 * @returns {PartsAnswer}
 */
function answerOf(order) {
  try {
    return { kind: 'done', bytes: ownedBytes(resultOf(order)) }
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) }
  }
}

/**
 * What Node gives may lie in memory that it shares out, which cannot be handed over.
 * @param {Buffer} result
 * @returns {Uint8Array<ArrayBuffer>}
 */
function ownedBytes({ buffer, byteOffset, length }) {
  const bytes = new Uint8Array(buffer, byteOffset, length)
  return length === buffer.byteLength && buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, length)
    : new Uint8Array(bytes)
}

/**
 * @param {PartsOrder} order
 * @returns {Buffer}
 */
function resultOf(order) {
  switch (order.kind) {
    case 'sign':
      return signatureOf(order)
    case 'sha256': {
      const hash = createHash('sha256')
      for (const part of order.parts) hash.update(part)
      return hash.digest()
    }
    default:
      return /** @satisfies {never} */ (order)
  }
}

/**
 * @param {PartsOrder & { readonly kind: 'sign' }} order
 * @returns {Buffer}
 */
function signatureOf({ hash, parts, ...key }) {
  if (hash === null) return sign(null, Buffer.concat(parts), key)
  const signing = createSign(hash)
  for (const part of parts) signing.update(part)
  return signing.sign(key)
}
