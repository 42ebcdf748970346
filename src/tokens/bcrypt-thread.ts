// bcrypt in a thread of its own: it is JavaScript, and on the event loop a single wrong passphrase would hold up every decision
// for as long as its cost asks. One thread is enough: what strangers order then takes one core at the most. It starts with the
// first bcrypt hash, and keeps no process alive while it waits for the next.
import { Worker } from 'node:worker_threads'

export interface BcryptOrder {
  readonly number: number
  readonly passphrase: string
  readonly setting: string
}

/** The whole text of a bcrypt hash, or why there is none. */
export type BcryptAnswer = { readonly number: number } & ({ readonly hash: string } | { readonly fault: string })

interface Waiting {
  readonly resolve: (hash: string) => void
  readonly reject: (error: Error) => void
}

export class BcryptThread {
  #worker: Worker | undefined
  #number = 0
  readonly #waiting = new Map<number, Waiting>()

  /** Of `passphrase` bcrypt sees 72 octets, and those before a NUL. Rejects when the thread fails or is closed. */
  hash(passphrase: string, setting: string): Promise<string> {
    const worker = (this.#worker ??= this.#start())
    const number = (this.#number += 1)
    const answer = new Promise<string>((resolve, reject) => this.#waiting.set(number, { resolve, reject }))
    worker.ref()
    worker.postMessage({ number, passphrase, setting } satisfies BcryptOrder)
    return answer
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./bcrypt-worker.ts', import.meta.url), { env: {}, execArgv: [] })
    worker.on('message', (answer: BcryptAnswer) => this.#answered(answer))
    worker.on('error', (error) => this.#failed(worker, error))
    worker.on('exit', () => this.#failed(worker, new Error('the thread of bcrypt has ended')))
    return worker
  }

  #answered(answer: BcryptAnswer): void {
    const waiting = this.#waiting.get(answer.number)
    this.#waiting.delete(answer.number)
    if (this.#waiting.size === 0) this.#worker?.unref()
    if ('hash' in answer) waiting?.resolve(answer.hash)
    else waiting?.reject(new Error(answer.fault))
  }

  /** The next hash starts another thread, which the end of this one does not concern. */
  #failed(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(new Error('bcrypt failed', { cause: error }))
    this.#waiting.clear()
  }
}
