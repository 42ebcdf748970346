// The thread of `sqlite-checkpointer.ts`. It answers PASSIVE with the number of pages in the log, copied or not, since the
// writer goes on behind them; and RESTART, also when a reader was in its way, with 0: it is tried again after the next look.
// In JavaScript, its types in comments: what strips types would take 11 MB of the thread for as long as it lives.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

/** @import { CheckpointOrder } from './sqlite-checkpointer.ts' */

/** How long RESTART waits for a reader of an old state: the batch that waits with it is not kept longer. */
const BUSY_TIMEOUT_MILLISECONDS = 200

const db = new Database(String(workerData), { timeout: BUSY_TIMEOUT_MILLISECONDS })

parentPort?.on('message', (/** @type {CheckpointOrder} */ order) => {
  if (order === 'close') {
    db.close()
    parentPort?.close()
    return
  }
  const [state] = /** @type {{ readonly log: number }[]} */ (db.pragma(`wal_checkpoint(${order})`))
  parentPort?.postMessage(order === 'passive' ? (state?.log ?? 0) : 0)
})
