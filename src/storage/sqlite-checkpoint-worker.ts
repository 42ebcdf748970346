// The thread of `sqlite-checkpointer.ts`. It answers PASSIVE with the number of pages in the log, copied or not, since the
// writer goes on behind them; and RESTART, also when a reader was in its way, with 0: it is tried again after the next look.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { CheckpointOrder } from './sqlite-checkpointer.ts'

/** How long RESTART waits for a reader of an old state: the batch that waits with it is not kept longer. */
const BUSY_TIMEOUT_MILLISECONDS = 200

const db = new Database(workerData as string, { timeout: BUSY_TIMEOUT_MILLISECONDS })

parentPort?.on('message', (order: CheckpointOrder) => {
  if (order === 'close') {
    db.close()
    parentPort?.close()
    return
  }
  const [state] = db.pragma(`wal_checkpoint(${order})`) as { log: number }[]
  parentPort?.postMessage(order === 'passive' ? (state?.log ?? 0) : 0)
})
