// The end of a job by whoever may end it: its launcher, itself, or an owner of its project. What it holds ends with it in the
// same transaction (CP §4.9).
import { actorOf, type Caller } from '../domain/caller.ts'
import type { Job } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { endJob } from './end-job.ts'
import { type IdempotentRequest, keptAsJson, onceFor } from './idempotency.ts'
import { callerStillGood, isOwner, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

interface FinishRequest {
  readonly caller: Caller
  readonly jobId: string
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export const KEPT_JOB = keptAsJson<Job>('startedAt', 'endsAt', 'finishedAt')

/** By its launcher, by itself, or by an owner of its project. Finishing twice is no error. */
export async function finishJob(context: ActContext, asked: FinishRequest): Promise<Job> {
  const { caller, jobId, idempotent } = asked
  return context.acts.run(async (tx) => {
    const now = context.clock.now()
    const job = await tx.job(jobId, 'update')
    if (!(await mayFinish(tx, caller, jobId, job, now))) throw notPermitted(caller)
    if (job === undefined) throw new DirectoryRefused('job_unknown', { job: jobId })
    return onceFor(context, tx, actorOf(caller), idempotent, KEPT_JOB, () => recordFinish(tx, asked, job, now))
  })
}

async function recordFinish(tx: UnitOfWork, { caller, origin }: FinishRequest, job: Job, now: Date): Promise<Job> {
  if (job.status === 'finished') return job
  return endJob(tx, job, { reason: 'cessationOfOperation', at: now, actor: actorOf(caller), origin })
}

async function mayFinish(
  tx: UnitOfWork,
  caller: Caller,
  jobId: string,
  job: Job | undefined,
  at: Date,
): Promise<boolean> {
  if (caller.kind === 'job') return caller.jobId === jobId
  if (caller.kind === 'service') {
    await callerStillGood(tx, caller, at)
    return job === undefined || job.launcher === caller.name
  }
  return job !== undefined && isOwner(tx, caller, job.project, at)
}
