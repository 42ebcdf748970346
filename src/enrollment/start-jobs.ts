// Starts jobs: a launcher asks for members and service accounts of the projects that it lists, one job or many in one durable transaction, all or
// none. Each gets a certificate and, for an audience that is named, a token; neither outlives the job (CP §4.13).
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import { actorOf, type Caller, holderName, type JobHolder } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import { CodedError, type Facts } from '../domain/coded-error.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { IssuedCertificate } from '../ca/issue.ts'
import { profileNamed } from '../ca/policy/policy.ts'
import type { Job, JobKind } from '../directory/entities.ts'
import type { TokenLifetime } from '../tokens/token-claims.ts'
import type { IssuedToken } from '../tokens/token-signer.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { EnrollmentRefused } from './errors.ts'
import { KEPT_JOB } from './finish-job.ts'
import { type IdempotentRequest, type KeptResult, onceFor } from './idempotency.ts'
import {
  type CertificateAnswer,
  type CsrSource,
  KEPT_CERTIFICATE,
  type RecordingDemand,
  recordSigned,
  signCertificate,
} from './issue-certificate.ts'
import { jobSubject, requireHolder } from './job-holder.ts'
import { type Launcher, requireGrant } from './launcher.ts'
import { activeService, callerStillGood, notPermitted } from './second-look.ts'
import { recordToken, signAccessToken, type TokenAnswer, tokenAnswer, type TokenContext } from './token-acts.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const JOB_ID_BYTES = 10

export interface JobDemand {
  readonly kind: JobKind
  readonly project: ProjectName
  readonly runsAs: JobHolder
  readonly csr: CsrSource
  /** Of the job. Absent: the default of the policy; never for what has no end. */
  readonly lifetimeSeconds?: number | undefined
  readonly leaseSeconds?: number | undefined
  readonly token?: JobTokenDemand | undefined
}

export interface JobTokenDemand {
  readonly audience: string
  readonly lifetime: TokenLifetime
  readonly binding: 'to-certificate' | 'none'
  /** Absent: what the installation prefers. */
  readonly algorithm?: TokenAlgorithm | undefined
}

export interface JobsAsked {
  readonly caller: Caller
  readonly jobs: readonly JobDemand[]
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export interface StartedJob {
  readonly job: Job
  readonly certificate: CertificateAnswer
  readonly token?: TokenAnswer
}

/** What one of several jobs was refused for, with its place in the request, counted from 0. */
export class JobOfBatchRefused extends CodedError {
  constructor(cause: CodedError, index: number) {
    super(cause.code, { ...cause.facts, job: index }, { cause })
  }
}

/** One job, refused as it is. */
export async function startJob(
  context: TokenContext,
  { job, ...asked }: Omit<JobsAsked, 'jobs'> & { readonly job: JobDemand },
): Promise<StartedJob> {
  const [started] = await startJobs(context, { ...asked, jobs: [job] })
  if (started === undefined) throw new Error('of one job none was started')
  return started
}

/** In the order in which they were asked for. */
export async function startJobs(context: TokenContext, asked: JobsAsked): Promise<readonly StartedJob[]> {
  const { caller, jobs, idempotent } = asked
  if (caller.kind !== 'service') throw notPermitted(caller)
  const each = <Result>(act: (job: JobDemand, index: number) => Promise<Result>) => eachInTurn(jobs, act)
  await context.acts.run((tx) => lookAgain(context, tx, caller, jobs))
  const signed = await each((job) => sign(context, caller, job))
  const kept = jobs.some(holdsSecret) ? 'secret' : KEPT_STARTED
  return context.acts.run(async (tx) => {
    await lookAgain(context, tx, caller, jobs)
    return onceFor(context, tx, actorOf(caller), idempotent, kept, async () => {
      const { clock } = await tx.leaseState('none')
      return eachInTurn(signed, (one) => record(context, tx, asked, caller, clock, one))
    })
  })
}

/** A token, or a key that was made here. */
function holdsSecret({ token, csr }: JobDemand): boolean {
  return token !== undefined || typeof csr === 'function'
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError
}

/** One of one is refused as it is, one of several with its place. */
export async function eachInTurn<Item, Result>(
  items: readonly Item[],
  act: (item: Item, index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const [index, item] of items.entries()) {
    try {
      results.push(await act(item, index))
    } catch (error) {
      throw items.length > 1 && isCoded(error) ? new JobOfBatchRefused(error, index) : error
    }
  }
  return results
}

/** The launcher still is one and lists the projects; whom they act as is active, and no administrator of the platform. */
async function lookAgain(
  context: ActContext,
  tx: UnitOfWork,
  launcher: Launcher,
  jobs: readonly JobDemand[],
): Promise<void> {
  await callerStillGood(tx, launcher, context.clock.now())
  const service = await activeService(tx, launcher.name, 'share')
  if (!service.roles.includes('launcher')) throw notPermitted(launcher)
  const seen = new Set<string>()
  await eachInTurn(jobs, async ({ project, runsAs }) => {
    const holder = `${project} ${holderName(runsAs)}`
    if (seen.has(holder)) return
    seen.add(holder)
    requireGrant(service, project)
    await requireHolder(tx, project, runsAs)
  })
}

interface Signed {
  readonly job: Omit<Job, 'leaseUntil'>
  readonly issued: IssuedCertificate
  readonly token: IssuedToken | undefined
}

async function sign(context: TokenContext, launcher: Launcher, demand: JobDemand): Promise<Signed> {
  const { project, runsAs, kind, token } = demand
  const user = holderName(runsAs)
  projectUserName(project, user, context.policy.names)
  const leaseSeconds = leaseOf(context, demand)
  const lifetimeSeconds = lifetimeOf(context, demand)
  const id = `j${Buffer.from(context.random(JOB_ID_BYTES)).toString('hex')}`
  const subject = jobSubject({ project, runsAs, jobId: id })
  const longest = profileNamed(context.policy, subject.profile).lifetime.defaultSeconds
  const certified = Math.min(longest, lifetimeSeconds ?? longest)
  const issued = await signCertificate(context, {
    subject,
    csr: demand.csr,
    lifetimeSeconds: certified,
  })
  const certifiedUntil = issued.validity.notAfter
  const job = {
    id,
    kind,
    project,
    user,
    launcher: launcher.name,
    status: 'active',
    startedAt: issued.issuedAt,
    ...(lifetimeSeconds === undefined ? {} : { endsAt: addSeconds(certifiedUntil, lifetimeSeconds - certified) }),
    leaseSeconds,
  } as const
  return {
    job,
    issued,
    token: token && (await signJobToken(context, job, token, { der: issued.der, notAfter: certifiedUntil })),
  }
}

/** Throws `EnrollmentRefused`. */
function lifetimeOf({ policy }: ActContext, { kind, lifetimeSeconds }: JobDemand): number | undefined {
  const { defaultSeconds, maxSeconds } = policy.credentials.job
  if (kind !== 'job') {
    if (lifetimeSeconds !== undefined) throw new EnrollmentRefused('job_without_end', { kind })
    return undefined
  }
  const seconds = lifetimeSeconds ?? defaultSeconds
  if (seconds > maxSeconds) {
    throw new EnrollmentRefused('job_too_long', { requestedSeconds: seconds, allowedSeconds: maxSeconds })
  }
  return seconds
}

/** Throws `EnrollmentRefused`. */
function leaseOf({ policy }: ActContext, { leaseSeconds }: JobDemand): number {
  const { leaseSeconds: usual, minLeaseSeconds, maxLeaseSeconds } = policy.credentials.job
  const seconds = leaseSeconds ?? usual
  if (seconds >= minLeaseSeconds && seconds <= maxLeaseSeconds) return seconds
  throw new EnrollmentRefused('job_lease_refused', { requestedSeconds: seconds, minLeaseSeconds, maxLeaseSeconds })
}

/** Signed in memory. It names the launcher (rule 12), and ends with the job's certificate at the latest. */
export function signJobToken(
  context: TokenContext,
  { id, project, user, launcher }: Pick<Job, 'id' | 'project' | 'user' | 'launcher'>,
  asked: JobTokenDemand,
  { der, notAfter }: { readonly der: Uint8Array; readonly notAfter: Date },
): Promise<IssuedToken> {
  return signAccessToken(context, asked, {
    subject: { kind: 'project-user', project, user, job: id },
    actor: { sub: launcher },
    binding: asked.binding === 'none' ? { kind: 'none' } : { kind: 'certificate', der },
    notAfterLimit: notAfter,
  })
}

async function record(
  context: ActContext,
  tx: UnitOfWork,
  { origin }: JobsAsked,
  launcher: Launcher,
  leaseClock: number,
  { job: unleased, issued, token }: Signed,
): Promise<StartedJob> {
  const job: Job = { ...unleased, leaseUntil: leaseEnd(leaseClock, unleased.leaseSeconds) }
  const requester = actorOf(launcher)
  const identity = `job:${job.id}`
  const demand: RecordingDemand = {
    identity,
    project: job.project,
    caller: launcher,
    obtainedWith: `certificate:${launcher.certificate.serial}`,
    origin,
  }
  const certificate = await recordSigned(tx, demand, issued, { renewUntil: job.endsAt, requester })
  await tx.insertJob(job)
  await tx.audit({
    at: context.clock.now(),
    actor: requester,
    act: 'job.start',
    object: identity,
    requestId: origin.requestId,
    details: factsOf(job),
  })
  if (token === undefined) return { job, certificate }
  const holder = { holder: identity, requester, certificateSerial: issued.serial, origin }
  await recordToken(tx, holder, token.claims)
  return { job, certificate, token: tokenAnswer(token.token, token.claims) }
}

/** The clock is written twice a second: a lease is never shorter than it says. */
const LEASE_CLOCK_STEP_MILLISECONDS = 500

export function leaseEnd(leaseClock: number, leaseSeconds: number): number {
  return leaseClock + leaseSeconds * 1000 + LEASE_CLOCK_STEP_MILLISECONDS
}

function factsOf({ kind, project, user, endsAt, leaseSeconds }: Job): Facts {
  return { kind, project, user, leaseSeconds, ...(endsAt === undefined ? {} : { endsAt: endsAt.toISOString() }) }
}

const KEPT_STARTED: KeptResult<readonly StartedJob[]> = {
  encode: (started) =>
    JSON.stringify(started.map(({ job, certificate }) => [KEPT_JOB.encode(job), KEPT_CERTIFICATE.encode(certificate)])),
  decode: (text) =>
    (JSON.parse(text) as [string, string][]).map(([job, certificate]) => ({
      job: KEPT_JOB.decode(job),
      certificate: KEPT_CERTIFICATE.decode(certificate),
    })),
}
