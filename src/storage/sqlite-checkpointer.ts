// Copies SQLite's write-ahead log back into the database file, in a thread of its own: done by a commit, as SQLite would by
// itself, it holds up the event loop for tens of milliseconds. The thread starts when the log first grows.
import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

/** Log size from which it is copied back. */
export const CHECKPOINT_BYTES = 4 * 1024 * 1024

/** Looking at the size costs a system call: once in so many commits is enough. */
const COMMITS_BETWEEN_LOOKS = 16

export class SqliteCheckpointer {
  readonly #path: string
  readonly #onFault: (error: unknown) => void
  #worker: Worker | undefined
  #busy = false
  #commits = 0

  constructor(path: string, onFault: (error: unknown) => void) {
    this.#path = path
    this.#onFault = onFault
  }

  /** Called after each commit. */
  look(): void {
    this.#commits += 1
    if (this.#busy || this.#commits % COMMITS_BETWEEN_LOOKS !== 0) return
    const size = statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (size < CHECKPOINT_BYTES) return
    this.#busy = true
    this.#worker ??= this.#start()
    this.#worker.postMessage('checkpoint')
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.ref()
    worker.postMessage('close')
    await ended
  }

  #start(): Worker {
    const worker = new Worker(new URL('./sqlite-checkpoint-worker.ts', import.meta.url), { workerData: this.#path })
    worker.unref()
    worker.on('message', () => (this.#busy = false))
    worker.on('error', this.#onFault)
    // It is started again when the log is looked at next.
    worker.on('exit', () => {
      this.#worker = undefined
      this.#busy = false
    })
    return worker
  }
}
