// Jobs: a launcher starts one for a member of a project that it lists, gets a certificate for it, and finishes it. The
// certificate never outlives the job, and ends with it in the same transaction (CP §4.9).
import { actorOf, type Caller } from '../domain/caller.ts'
import type { Job } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { UserName } from '../domain/user-name.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { attributeValues } from '../x509/distinguished-name.ts'
import { OID } from '../x509/oid.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { endJob } from './end-job.ts'
import { EnrollmentRefused } from './errors.ts'
import { type IdempotentRequest, keptAsJson, onceFor } from './idempotency.ts'
import { type CertificateAnswer, issueCertificate, type LookedAgain } from './issue-certificate.ts'
import { type Launcher, requireLauncher } from './launcher.ts'
import { activeMembership, callerStillGood, isOwner, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const JOB_ID_BYTES = 10

export interface JobRequest {
  readonly caller: Caller
  readonly project: ProjectName
  readonly user: UserName
  readonly csr: string | Uint8Array
  readonly lifetimeSeconds?: number | undefined
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export interface StartedJob {
  readonly jobId: string
  readonly certificate: CertificateAnswer
}

export async function startJob(context: ActContext, asked: JobRequest): Promise<StartedJob> {
  const { caller, project, user } = asked
  if (caller.kind !== 'service') throw notPermitted(caller)
  const jobId = `j${Buffer.from(context.random(JOB_ID_BYTES)).toString('hex')}`
  projectUserName(project, user, context.policy.names)
  const certificate = await issueCertificate(context, {
    subject: { profile: 'job', project, user, jobId },
    csr: asked.csr,
    lifetimeSeconds: asked.lifetimeSeconds,
    identity: `job:${jobId}`,
    project,
    caller,
    obtainedWith: `certificate:${caller.certificate.serial}`,
    principal: actorOf(caller),
    idempotent: asked.idempotent,
    origin: asked.origin,
    lookFirst: (tx) => lookAgain(context, tx, caller, project, user),
    lookAgain: (tx) => lookAgain(context, tx, caller, project, user),
    recordBeside: (tx, issued) =>
      recordStart(context, tx, asked, {
        id: jobId,
        project,
        user,
        launcher: caller.name,
        status: 'active',
        startedAt: context.clock.now(),
        endsAt: issued.validity.notAfter,
      }),
  })
  return { jobId: jobOf(certificate), certificate }
}

/** The launcher still is one and lists the project; the member is active and no administrator of the platform. */
async function lookAgain(
  context: ActContext,
  tx: UnitOfWork,
  launcher: Launcher,
  project: ProjectName,
  user: UserName,
): Promise<LookedAgain> {
  await requireLauncher(tx, launcher, project, context.clock.now())
  const membership = await activeMembership(tx, project, user, 'share')
  if (membership.user.platformRole === 'admin') throw new EnrollmentRefused('job_of_administrator', { user })
  return { renewUntil: undefined, requester: actorOf(launcher) }
}

async function recordStart(context: ActContext, tx: UnitOfWork, asked: JobRequest, job: Job): Promise<void> {
  await tx.insertJob(job)
  await tx.audit({
    at: context.clock.now(),
    actor: actorOf(asked.caller),
    act: 'job.start',
    object: `job:${job.id}`,
    requestId: asked.origin.requestId,
    details: { project: job.project, user: job.user, endsAt: job.endsAt.toISOString() },
  })
}

/** The id of the job that a certificate names: a replay answers with the first job, not with a new id. */
function jobOf({ der }: CertificateAnswer): string {
  const [id] = attributeValues(parseCertificate(der).tbs.subject, OID.organizationalUnitName)
  if (id === undefined) throw new Error('a job certificate names its job')
  return id
}

interface FinishRequest {
  readonly caller: Caller
  readonly jobId: string
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

const KEPT_JOB = keptAsJson<Job>('startedAt', 'endsAt', 'finishedAt')

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
