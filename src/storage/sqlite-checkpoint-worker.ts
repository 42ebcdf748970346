// The thread of `sqlite-checkpointer.ts`. It answers each order with the number of pages that still fill the log.
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
  const [log] = db.pragma(`wal_checkpoint(${order})`) as { log: number; checkpointed: number }[]
  const isAllCopied = log === undefined || log.log === log.checkpointed
  parentPort?.postMessage(isAllCopied ? 0 : log.log)
})
