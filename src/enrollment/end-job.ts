// The end of a job, whoever ends it: its record is closed and its audit event written, and what it holds is revoked.
import type { Job } from '../directory/entities.ts'
import { type Ending, endIdentity } from './end-identity.ts'
import type { FinishedJob } from './ending-store.ts'
import type { UnitOfWork } from './unit-of-work.ts'

interface JobEnding {
  /** Absent: somebody asked for it, or it was over. */
  readonly why?: 'lease'
}

/** Revokes its certificates and tokens. For a job that is active. */
export async function endJob(tx: UnitOfWork, job: Job, ending: Omit<Ending, 'identity'> & JobEnding): Promise<Job> {
  const finished = await closeJob(tx, job, ending)
  await endIdentity(tx, { ...ending, identity: `job:${job.id}` })
  return finished
}

/** The record and the event alone: for a job whose certificate has ended with it. */
export async function closeJob(
  tx: UnitOfWork,
  job: Job,
  ending: Pick<Ending, 'at' | 'actor' | 'origin'> & JobEnding,
): Promise<Job> {
  const { at } = ending
  const { endsAt = at } = job
  // One whose time was over has ended then, and not when somebody noticed.
  const finishedAt = at < endsAt ? at : endsAt
  const finished: Job = { ...job, status: 'finished', finishedAt }
  await tx.updateJob(finished)
  await tellOfFinish(tx, { ...finished, finishedAt }, ending)
  return finished
}

/** The audit event of a job whose row is written. */
export async function tellOfFinish(
  tx: UnitOfWork,
  job: FinishedJob,
  { at, actor, origin, why }: Pick<Ending, 'at' | 'actor' | 'origin'> & JobEnding,
): Promise<void> {
  await tx.audit({
    at,
    actor,
    act: 'job.finish',
    object: `job:${job.id}`,
    requestId: origin.requestId,
    details: {
      project: job.project,
      user: job.user,
      ended: job.finishedAt.toISOString(),
      ...(why === undefined ? {} : { why }),
    },
  })
}
