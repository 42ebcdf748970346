// The thread of `sqlite-checkpointer.ts`. A PASSIVE checkpoint is in nobody's way but never catches up with a busy writer,
// so the log would grow for ever; when it has grown large, RESTART finishes the copy under the write lock, which is short
// because PASSIVE has done nearly all of it, and the writer begins again at the front of the file.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

/** Pages in the log from which the writer is held up for the rest of the copy: 32 MiB. */
const RESTART_PAGES = 8 * 1024

/** How long RESTART waits for a batch or a reader to end. */
const BUSY_TIMEOUT_MILLISECONDS = 200

const db = new Database(workerData as string, { timeout: BUSY_TIMEOUT_MILLISECONDS })

parentPort?.on('message', (order: 'checkpoint' | 'close') => {
  if (order === 'close') {
    db.close()
    parentPort?.close()
    return
  }
  checkpoint()
  parentPort?.postMessage('done')
})

function checkpoint(): void {
  const [passive] = db.pragma('wal_checkpoint(passive)') as { log: number; checkpointed: number }[]
  if (passive !== undefined && passive.log >= RESTART_PAGES) db.pragma('wal_checkpoint(restart)')
}
