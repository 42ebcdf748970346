// The job that speaks for itself, and the launcher that it runs under: what each further certificate and token of a job looks
// at again. A job whose launcher may no longer run it gets nothing more.
import type { CertifiedIdentity } from '../ca/certificate-request.ts'
import type { Caller, JobHolder } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { Job } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { EnrollmentRefused } from './errors.ts'
import { requireGrant } from './launcher.ts'
import { activeHolder, activeMembership, activeService, callerStillGood, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export type JobCaller = Extract<Caller, { readonly kind: 'job' }>

/** Throws `EnrollmentRefused` for everyone but the job itself: who may not ask learns nothing of other jobs. */
export function requireJobItself(caller: Caller, jobId: string): JobCaller {
  if (caller.kind !== 'job' || caller.jobId !== jobId) throw notPermitted(caller)
  return caller
}

/**
 * The job of this caller, locked as asked: active, its lease not lapsed, and still one that its launcher may run. Locks in the
 * order of what ends it: user and membership or account, service, job.
 */
export async function goodJob(
  context: ActContext,
  tx: UnitOfWork,
  caller: JobCaller,
  lock: 'share' | 'update' = 'share',
): Promise<Job> {
  const seen = await tx.job(caller.jobId, 'none')
  if (seen === undefined) throw new DirectoryRefused('job_unknown', { job: caller.jobId })
  await requireHolder(tx, caller.project, caller.runsAs)
  requireGrant(await activeService(tx, seen.launcher, 'share'), caller.project)
  const job = await tx.job(caller.jobId, lock)
  await callerStillGood(tx, caller, context.clock.now())
  if (job?.status !== 'active') throw new DirectoryRefused('job_finished', { job: caller.jobId })
  const { clock } = await tx.leaseState('none')
  if (job.leaseUntil <= clock) throw new EnrollmentRefused('job_lease_lapsed', { job: job.id })
  return job
}

/** Active; a member, no administrator of the platform (rule 12). */
export async function requireHolder(tx: UnitOfWork, project: ProjectName, holder: JobHolder): Promise<void> {
  if (holder.kind === 'account') return activeHolder(tx, project, holder)
  const { user } = await activeMembership(tx, project, holder.user, 'share')
  if (user.platformRole === 'admin') throw new EnrollmentRefused('job_of_administrator', { user: holder.user })
}

/** What the certificates of a job say: the kind tells whom it acts as. */
export function jobSubject({
  project,
  runsAs,
  jobId,
}: Pick<JobCaller, 'project' | 'runsAs' | 'jobId'>): CertifiedIdentity & { readonly profile: 'job' | 'account-job' } {
  return runsAs.kind === 'member'
    ? { profile: 'job', project, user: runsAs.user, jobId }
    : { profile: 'account-job', project, account: runsAs.account, jobId }
}
