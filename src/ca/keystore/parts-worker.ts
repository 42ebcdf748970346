// The thread of `parts-thread.ts`. It keeps nothing between two orders.
import { createHash, createSign, sign } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { PartsAnswer, PartsOrder } from './parts-thread.ts'

/** Octets that make whole lines of base64: 48 are 64 characters. */
const LINE_OCTETS = 48

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
    case 'base64':
      return linesOf(order.parts)
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

function linesOf(parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const characters = Math.ceil(length / 3) * 4
  const out = Buffer.allocUnsafeSlow(characters + Math.ceil(characters / 64))
  let at = 0
  let rest = Buffer.alloc(0)
  const write = (bytes: Buffer): void => {
    for (let from = 0; from < bytes.length; from += LINE_OCTETS) {
      at += out.write(`${bytes.toString('base64', from, Math.min(from + LINE_OCTETS, bytes.length))}\n`, at, 'latin1')
    }
  }
  for (const part of parts) {
    const bytes = Buffer.concat([rest, part])
    const whole = bytes.length - (bytes.length % LINE_OCTETS)
    write(bytes.subarray(0, whole))
    rest = Buffer.from(bytes.subarray(whole))
  }
  write(rest)
  return out
}
