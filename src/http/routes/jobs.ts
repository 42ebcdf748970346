// Jobs over HTTP: a launcher starts them, keeps their leases, lists its own and finishes them; a job renews itself.
import { z } from '@hono/zod-openapi'
import type { JobsOf } from '../../directory/directory-store.ts'
import type { Job } from '../../directory/entities.ts'
import type { Caller, JobHolder } from '../../domain/caller.ts'
import type { NameRules } from '../../domain/name-rules.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { isServiceAccountName, parseServiceAccountName, parseUserName } from '../../domain/user-name.ts'
import { finishJob } from '../../enrollment/finish-job.ts'
import type { CsrSource } from '../../enrollment/issue-certificate.ts'
import { keepLease } from '../../enrollment/heartbeat.ts'
import { confirmLapses, type LeaseOverview, leaseOverview } from '../../enrollment/job-leases.ts'
import { renewJob } from '../../enrollment/renew-job.ts'
import { rotateJobToken } from '../../enrollment/rotate-job-token.ts'
import { notPermitted } from '../../enrollment/second-look.ts'
import {
  eachInTurn,
  type JobDemand,
  type JobTokenDemand,
  type StartedJob,
  startJob,
  startJobs,
} from '../../enrollment/start-jobs.ts'
import { shownCertificate } from '../authenticate.ts'
import { issuedBody } from '../certificate-body.ts'
import { issueAsAsked, withoutPassphrase } from '../key-demand.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import {
  type Api,
  type ApiContext,
  askedOf,
  bodyRoute,
  callerIn,
  csrOf,
  newApi,
  plainRoute,
  IN_PATH,
  NONE,
} from '../route.ts'
import { CertificateAnswerBody } from '../certificate-schemas.ts'
import { PageQuery } from '../schema-parts.ts'
import { JobRenewalBody, JobsBody, JobTokenBody, TokenAnswerBody } from '../schemas.ts'
import { tokenBody } from '../token-body.ts'

const jobFields = {
  id: z.string(),
  kind: z.enum(['job', 'notebook', 'deployment']),
  project: z.string(),
  user: z.string().optional().openapi({ description: 'The member that it acts as' }),
  account: z.string().optional().openapi({ description: 'The service account that it acts as' }),
  launcher: z.string(),
  status: z.enum(['active', 'finished']),
  startedAt: z.string(),
  endsAt: z.string().optional().openapi({ description: 'Absent for notebooks and deployments' }),
  leaseSeconds: z.int(),
  finishedAt: z.string().optional(),
}
const JobAnswer = z.strictObject(jobFields).openapi('Job')
const StartedAnswer = z
  .strictObject({ ...jobFields, certificate: CertificateAnswerBody, token: TokenAnswerBody.optional() })
  .openapi('StartedJob')
const StartedJobsAnswer = z.union([
  StartedAnswer,
  z.strictObject({ jobs: z.array(StartedAnswer) }).openapi('StartedJobs'),
])
const LeasesAnswer = z
  .strictObject({
    active: z.int(),
    lapsed: z.int(),
    isPaused: z.boolean(),
    resumesInSeconds: z.int().optional(),
  })
  .openapi('JobLeases')
const JobQuery = PageQuery.extend({
  launcher: z.literal('me').default('me'),
  state: z.enum(['active', 'finished', 'any']).default('any'),
})

const ID = z.strictObject({ id: IN_PATH })
const NO_STORE = { 'cache-control': 'no-store' } as const

export function jobRoutes(parts: ApiParts): Api {
  const api = newApi()
  addStart(api, parts)
  addLeases(api, parts)
  addOwnCredentials(api, parts)
  addEndAndList(api, parts)
  return api
}

function addStart(api: Api, parts: ApiParts): void {
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/jobs',
      params: NONE,
      summary:
        'Starts a job, or up to 100 at once and all or none, for members and service accounts: each with a certificate of an hour at most and, ' +
        'where an audience is named, a token. By a launcher that lists the project.',
      body: JobsBody,
      status: 201,
      answer: StartedJobsAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const answer = 'jobs' in body ? await startBatch(parts, c, body.jobs) : await startOne(parts, c, body)
      return c.json(answer, 201, NO_STORE)
    },
  )
}

async function startBatch(parts: ApiParts, c: ApiContext, asked: readonly BatchRequest[]) {
  const started = await parts.signingQueue.run(async () => {
    const who = await askedOf(parts, c)
    const jobs = await eachInTurn(asked, (job) => Promise.resolve(jobDemand(parts, job, csrOf(job.csr))))
    return startJobs(parts.tokens, { ...who, jobs })
  })
  for (const { certificate } of started) parts.observer.issued(certificate.profile)
  return { jobs: started.map((one) => startedBody(parts, one, issuedBody(parts, one.certificate))) }
}

async function startOne(parts: ApiParts, c: ApiContext, body: OneRequest) {
  let started: StartedJob | undefined
  const certificate = await issueAsAsked(parts, body, async (csr) => {
    const who = withoutPassphrase(await askedOf(parts, c), body)
    started = await startJob(parts.tokens, { ...who, job: jobDemand(parts, body, csr) })
    return started.certificate
  })
  if (started === undefined) throw new Error('a certificate was issued for a job that was not started')
  return startedBody(parts, started, certificate)
}

function addLeases(api: Api, parts: ApiParts): void {
  const { context } = parts
  const leases = { params: NONE, query: NONE, status: 200, answer: LeasesAnswer } as const
  api.openapi(
    plainRoute({
      method: 'post',
      path: '/v1/jobs/{id}/heartbeat',
      params: ID,
      summary: 'Keeps the lease of a job. By its launcher, or itself.',
      query: NONE,
      status: 200,
      answer: JobAnswer,
    }),
    async (c) =>
      c.json(jobBody(parts, await keepLease(context, await callerIn(parts, c), c.req.valid('param').id)), 200),
  )
  api.openapi(
    plainRoute({ ...leases, method: 'get', path: '/v1/jobs/leases', summary: 'How many jobs are active and lapsed' }),
    async (c) => c.json(leasesBody(await leaseOverview(context, await callerIn(parts, c))), 200),
  )
  api.openapi(
    plainRoute({
      ...leases,
      method: 'post',
      path: '/v1/jobs/leases/confirm',
      summary: 'Too many jobs lapsed at once, and they are dead indeed: ends them. By an administrator.',
    }),
    async (c) => c.json(leasesBody(await confirmLapses(context, await askedOf(parts, c))), 200),
  )
}

function addOwnCredentials(api: Api, parts: ApiParts): void {
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/jobs/{id}/renew',
      params: ID,
      summary: 'The next certificate of a job, for the job itself: a new key takes the place of the old one',
      body: JobRenewalBody,
      status: 201,
      answer: CertificateAnswerBody,
    }),
    async (c) => {
      const { csr } = c.req.valid('json')
      const issued = await parts.signingQueue.run(async () =>
        renewJob(parts.context, { ...(await askedOf(parts, c)), jobId: c.req.valid('param').id, csr: csrOf(csr) }),
      )
      parts.observer.issued(issued.profile)
      return c.json(issuedBody(parts, issued), 201)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/jobs/{id}/token',
      params: ID,
      summary: 'The next token of a job, for the job itself: the one before for this audience ends after an overlap',
      body: JobTokenBody,
      status: 201,
      answer: TokenAnswerBody,
    }),
    async (c) => {
      const issued = await rotateJobToken(parts.tokens, {
        ...(await askedOf(parts, c)),
        jobId: c.req.valid('param').id,
        token: tokenDemand(c.req.valid('json')),
        certificate: shownCertificate(c.get('socket')),
      })
      return c.json(tokenBody(issued), 201, NO_STORE)
    },
  )
}

function addEndAndList(api: Api, parts: ApiParts): void {
  const { context } = parts
  api.openapi(
    plainRoute({
      method: 'post',
      path: '/v1/jobs/{id}/finish',
      params: ID,
      summary: 'Ends a job and revokes its certificate. By its launcher, itself, or an owner of the project.',
      query: NONE,
      status: 200,
      answer: JobAnswer,
    }),
    async (c) => {
      const job = await finishJob(context, {
        ...(await askedOf(parts, c)),
        jobId: c.req.valid('param').id,
      })
      return c.json(jobBody(parts, job), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/jobs',
      params: NONE,
      summary:
        "A launcher's own jobs; for a member or service account those that run for it, for an owner all of the project",
      query: JobQuery,
      status: 200,
      answer: z.strictObject({ jobs: z.array(JobAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const of = jobsFor(parts, await callerIn(parts, c))
      const query = c.req.valid('query')
      const now = context.clock.now()
      const page = await parts.reader.read((view) => view.listJobs(of, query.state, now, pageRequestOf(query)))
      return c.json({ jobs: page.items.map((job) => jobBody(parts, endedAt(job, now))), ...cursorOf(page) }, 200)
    },
  )
}

type JobsRequest = z.output<typeof JobsBody>
type BatchRequest = Extract<JobsRequest, { readonly jobs: unknown }>['jobs'][number]
type OneRequest = Exclude<JobsRequest, { readonly jobs: unknown }>

function jobDemand({ context }: ApiParts, asked: OneRequest | BatchRequest, csr: CsrSource): JobDemand {
  const { kind, project, lifetimeSeconds, leaseSeconds, token } = asked
  const { names } = context.policy
  return {
    kind,
    project: parseProjectName(project, names),
    runsAs: jobHolder(asked, names),
    lifetimeSeconds,
    leaseSeconds,
    csr,
    token: token && tokenDemand(token),
  }
}

/** What passed `exactlyOneHolder`. */
function jobHolder({ user = '', account }: OneRequest | BatchRequest, names: NameRules): JobHolder {
  return account === undefined
    ? { kind: 'member', user: parseUserName(user, names) }
    : { kind: 'account', account: parseServiceAccountName(account, names) }
}

function tokenDemand({ audience, lifetimeSeconds, bind, algorithm }: z.output<typeof JobTokenBody>): JobTokenDemand {
  return {
    audience,
    lifetime: lifetimeSeconds === undefined ? { kind: 'default' } : { kind: 'asked', seconds: lifetimeSeconds },
    binding: bind ? 'to-certificate' : 'none',
    algorithm,
  }
}

/** A launcher sees what it launched, a member or account what runs as it, an owner what runs in the project. Nobody else sees any. */
function jobsFor({ snapshot }: ApiParts, caller: Caller): JobsOf {
  if (caller.kind === 'service') return { kind: 'launcher', launcher: caller.name }
  if (caller.kind === 'account') return { kind: 'holder', project: caller.project, user: caller.account }
  if (caller.kind !== 'member') throw notPermitted(caller)
  const { project, user } = caller
  const isOwner = snapshot.member(project, user)?.role === 'owner'
  return isOwner ? { kind: 'project', project } : { kind: 'holder', project, user }
}

/** A job that nobody finished has ended when its time is over. */
function endedAt(job: Job, now: Date): Job {
  const { endsAt } = job
  if (job.status !== 'active' || endsAt === undefined || endsAt > now) return job
  return { ...job, status: 'finished', finishedAt: endsAt }
}

function startedBody(
  parts: ApiParts,
  { job, token }: StartedJob,
  certificate: Awaited<ReturnType<typeof issueAsAsked>>,
) {
  return {
    ...jobBody(parts, job),
    certificate,
    ...(token === undefined ? {} : { token: tokenBody(token) }),
  }
}

function leasesBody({ active, lapsed, isPaused, resumesInSeconds }: LeaseOverview) {
  return { active, lapsed, isPaused, ...(resumesInSeconds === undefined ? {} : { resumesInSeconds }) }
}

function jobBody({ context }: ApiParts, job: Job) {
  const { id, kind, project, user, launcher, status, startedAt, endsAt, leaseSeconds, finishedAt } = job
  const isAccount = isServiceAccountName(user, context.policy.names)
  return {
    id,
    kind,
    project,
    ...(isAccount ? { account: user } : { user }),
    launcher,
    status,
    startedAt: startedAt.toISOString(),
    ...(endsAt === undefined ? {} : { endsAt: endsAt.toISOString() }),
    leaseSeconds,
    ...(finishedAt === undefined ? {} : { finishedAt: finishedAt.toISOString() }),
  }
}
