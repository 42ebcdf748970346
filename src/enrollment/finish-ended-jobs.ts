// Jobs that nobody finished: their certificates have ended with them, so only the record is closed, as of the end that it
// names. Called now and then; lists leave out what has ended before that.
import type { ActContext } from './act-context.ts'
import { closeJob } from './end-job.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Jobs in one transaction: acts wait meanwhile. */
const FINISHED_AT_ONCE = 200

/** Transactions in one call; what is left waits for the next. */
const MAX_ROUNDS = 50

/** Returns how many were finished. */
export async function finishEndedJobs(context: ActContext): Promise<number> {
  let finished = 0
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const some = await context.acts.run((tx) => finishSome(tx, context.clock.now()))
    finished += some
    if (some < FINISHED_AT_ONCE) break
  }
  return finished
}

async function finishSome(tx: UnitOfWork, at: Date): Promise<number> {
  const ended = await tx.endedJobs(at, FINISHED_AT_ONCE)
  for (const job of ended) await closeJob(tx, job, { at, actor: 'system', origin: { requestId: '' } })
  return ended.length
}
