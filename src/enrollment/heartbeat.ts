// A heartbeat keeps the lease of a job: its launcher's, or its own (CP §4.13). It writes one row and no audit event; one that
// comes after the lease has lapsed, and before the job was ended for it, keeps the job too.
import type { Caller } from '../domain/caller.ts'
import type { Job } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { requireJobItself } from './job-holder.ts'
import { requireGrant } from './launcher.ts'
import { activeHolder, activeService, callerStillGood, notPermitted } from './second-look.ts'
import { leaseEnd } from './start-jobs.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Throws `EnrollmentRefused`, `DirectoryRefused`. */
export async function keepLease(context: ActContext, caller: Caller, jobId: string): Promise<Job> {
  return context.acts.run(async (tx) => {
    const now = context.clock.now()
    const job = await heldJob(tx, caller, jobId, now)
    if (job.status !== 'active' || (job.endsAt !== undefined && job.endsAt <= now)) {
      throw new DirectoryRefused('job_finished', { job: jobId })
    }
    const { clock } = await tx.leaseState('none')
    const kept: Job = { ...job, leaseUntil: Math.max(job.leaseUntil, leaseEnd(clock, job.leaseSeconds)) }
    await tx.updateJob(kept)
    return kept
  })
}

/** The job, locked in the order of what ends it: whoever launches it before it. */
async function heldJob(tx: UnitOfWork, caller: Caller, jobId: string, now: Date): Promise<Job> {
  if (caller.kind === 'service') {
    await callerStillGood(tx, caller, now)
    const launcher = await activeService(tx, caller.name, 'share')
    const job = await tx.job(jobId, 'update')
    if (job === undefined) throw new DirectoryRefused('job_unknown', { job: jobId })
    if (job.launcher !== caller.name) throw notPermitted(caller)
    // What it may not run any more ends with its lease.
    requireGrant(launcher, job.project)
    return job
  }
  const itself = requireJobItself(caller, jobId)
  await activeHolder(tx, itself.project, itself.runsAs)
  const job = await tx.job(jobId, 'update')
  await callerStillGood(tx, itself, now)
  if (job === undefined) throw new DirectoryRefused('job_unknown', { job: jobId })
  return job
}
