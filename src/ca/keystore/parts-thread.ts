// Work over long bytes that lie in parts, in a thread of its own so that the event loop goes on: signing and digest. Parts in shared
// memory are read where they are. The thread starts with the first order and ends with the process. A key reaches it as a handle,
// and it is this folder's own.
import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { EcdsaForm } from './private-key.ts'

export type PartsOrder =
  | {
      readonly kind: 'sign'
      /** Null: the algorithm hashes by itself, and wants all bytes in one piece. */
      readonly hash: string | null
      readonly key: KeyObject
      readonly dsaEncoding?: EcdsaForm
      readonly padding?: number
      readonly parts: readonly Uint8Array[]
    }
  | { readonly kind: 'sha256'; readonly parts: readonly Uint8Array[] }

export type PartsAnswer =
  | { readonly kind: 'done'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly error: Error }

/** It holds names of bytes, and no bytes. */
const HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 }

interface Waiting {
  readonly resolve: (bytes: Uint8Array<ArrayBuffer>) => void
  readonly reject: (error: Error) => void
}

class PartsThread {
  #worker: Worker | undefined
  /** Orders are answered in their order. */
  #waiting: Waiting[] = []

  /** Rejects with what the thread threw; a thread that ended is started anew by the next order. */
  run(order: PartsOrder): Promise<Uint8Array<ArrayBuffer>> {
    const worker = (this.#worker ??= this.#start())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      worker.ref()
      worker.postMessage(order)
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL('./parts-worker.js', import.meta.url), { resourceLimits: HEAP })
    worker.on('message', (answer: PartsAnswer) => {
      const waiting = this.#waiting.shift()
      if (this.#waiting.length === 0) worker.unref()
      if (answer.kind === 'done') waiting?.resolve(answer.bytes)
      else waiting?.reject(answer.error)
    })
    const gone = (error: Error): void => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    }
    worker.on('error', gone)
    worker.on('exit', () => gone(new Error('the thread for long bytes has ended')))
    return worker
  }
}

/** One for the process: what it does takes a core, and a second would take another. */
export const PARTS_THREAD = new PartsThread()
