// Copies SQLite's write-ahead log back into the database file, in a thread of its own: done by a commit, as SQLite would by
// itself, it holds up the event loop for tens of milliseconds. The thread starts when the log first grows.
//
// A PASSIVE checkpoint is in nobody's way but never catches up with a busy writer, and the log would grow for ever. When it
// has grown large, the next batch waits for a RESTART: short, because PASSIVE has done most of it, and after it the writer
// begins again at the front of the file.
import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

export type CheckpointOrder = 'passive' | 'restart' | 'close'

/** Log size from which it is copied back. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024

/** Pages in the log from which a batch waits: 32 MiB. */
const RESTART_PAGES = 8 * 1024

/** Looking at the size costs a system call: once in so many batches is enough. */
const BATCHES_BETWEEN_LOOKS = 16

export class SqliteCheckpointer {
  readonly #path: string
  readonly #onFault: (error: unknown) => void
  #worker: Worker | undefined
  #working: Promise<void> | undefined
  /** Pages in the log after the last PASSIVE. */
  #pages = 0
  #batches = 0

  constructor(path: string, onFault: (error: unknown) => void) {
    this.#path = path
    this.#onFault = onFault
  }

  /** Called before each batch, which waits for what it returns. */
  look(): Promise<void> | undefined {
    if (this.#working !== undefined) return undefined
    if (this.#pages >= RESTART_PAGES) return this.#order('restart')
    this.#batches += 1
    if (this.#batches % BATCHES_BETWEEN_LOOKS !== 0) return undefined
    const size = statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (size >= CHECKPOINT_BYTES) void this.#order('passive')
    return undefined
  }

  async close(): Promise<void> {
    await this.#working
    if (this.#worker !== undefined) await this.#order('close')
  }

  /** Never rejects: a failure is told to `onFault`, and the log is looked at again later. */
  #order(order: CheckpointOrder): Promise<void> {
    this.#pages = 0
    const worker = (this.#worker ??= this.#start())
    this.#working = new Promise<void>((resolve) => {
      const done = (pages: number) => {
        worker.off('message', done).off('exit', gone)
        this.#pages = pages
        this.#working = undefined
        worker.unref()
        resolve()
      }
      const gone = () => {
        this.#worker = undefined
        done(0)
      }
      worker.on('message', done).on('exit', gone)
    })
    worker.ref()
    worker.postMessage(order)
    return this.#working
  }

  #start(): Worker {
    const worker = new Worker(new URL('./sqlite-checkpoint-worker.js', import.meta.url), { workerData: this.#path })
    worker.on('error', this.#onFault)
    return worker
  }
}
