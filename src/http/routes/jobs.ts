// Jobs over HTTP: a launcher starts them, keeps their leases, lists its own and finishes them; a job renews itself.
import { z } from '@hono/zod-openapi'
import type { JobsOf } from '../../directory/directory-store.ts'
import type { Job } from '../../directory/entities.ts'
import type { Caller } from '../../domain/caller.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { finishJob } from '../../enrollment/finish-job.ts'
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
  startJobs,
} from '../../enrollment/start-jobs.ts'
import { shownCertificate } from '../authenticate.ts'
import { issuedBody } from '../certificate-body.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, csrOf, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import {
  CertificateAnswerBody,
  type JobBody,
  JobRenewalBody,
  JobsBody,
  JobTokenBody,
  PageQuery,
  TokenAnswerBody,
} from '../schemas.ts'
import { tokenBody } from '../token-body.ts'

const jobFields = {
  id: z.string(),
  kind: z.enum(['job', 'notebook', 'deployment']),
  project: z.string(),
  user: z.string(),
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
        'Starts a job, or up to 100 at once and all or none, for members: each with a certificate of an hour at most and, ' +
        'where an audience is named, a token. By a launcher that lists the project.',
      body: JobsBody,
      status: 201,
      answer: StartedJobsAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const asked = 'jobs' in body ? body.jobs : [body]
      const started = await parts.signingQueue.run(async () => {
        const who = await askedOf(parts, c)
        const jobs = await eachInTurn(asked, (job) => Promise.resolve(jobDemand(parts, job)))
        return startJobs(parts.tokens, { ...who, jobs })
      })
      for (const { certificate } of started) parts.observer.issued(certificate.profile)
      const answers = started.map((one) => startedBody(parts, one))
      const [first] = answers
      return c.json('jobs' in body || first === undefined ? { jobs: answers } : first, 201, NO_STORE)
    },
  )
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
    async (c) => c.json(jobBody(await keepLease(context, await callerIn(parts, c), c.req.valid('param').id)), 200),
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
      return c.json(jobBody(job), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/jobs',
      params: NONE,
      summary: "A launcher's own jobs; for a member those that run for it, for an owner all of the project",
      query: JobQuery,
      status: 200,
      answer: z.strictObject({ jobs: z.array(JobAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const of = jobsFor(parts, await callerIn(parts, c))
      const query = c.req.valid('query')
      const now = context.clock.now()
      const page = await parts.reader.read((view) => view.listJobs(of, query.state, now, pageRequestOf(query)))
      return c.json({ jobs: page.items.map((job) => jobBody(endedAt(job, now))), ...cursorOf(page) }, 200)
    },
  )
}

type JobRequest = z.output<typeof JobBody>

function jobDemand({ context }: ApiParts, { token, csr, project, user, ...rest }: JobRequest): JobDemand {
  const { names } = context.policy
  return {
    ...rest,
    project: parseProjectName(project, names),
    user: parseUserName(user, names),
    csr: csrOf(csr),
    token: token && tokenDemand(token),
  }
}

function tokenDemand({ audience, lifetimeSeconds, bind, algorithm }: z.output<typeof JobTokenBody>): JobTokenDemand {
  return {
    audience,
    lifetime: lifetimeSeconds === undefined ? { kind: 'default' } : { kind: 'asked', seconds: lifetimeSeconds },
    binding: bind ? 'to-certificate' : 'none',
    algorithm,
  }
}

/** A launcher sees what it launched, a member what runs as it, an owner what runs in the project. Nobody else sees any. */
function jobsFor({ snapshot }: ApiParts, caller: Caller): JobsOf {
  if (caller.kind === 'service') return { kind: 'launcher', launcher: caller.name }
  if (caller.kind !== 'member') throw notPermitted(caller)
  const { project, user } = caller
  const isOwner = snapshot.member(project, user)?.role === 'owner'
  return isOwner ? { kind: 'project', project } : { kind: 'member', project, user }
}

/** A job that nobody finished has ended when its time is over. */
function endedAt(job: Job, now: Date): Job {
  const { endsAt } = job
  if (job.status !== 'active' || endsAt === undefined || endsAt > now) return job
  return { ...job, status: 'finished', finishedAt: endsAt }
}

function startedBody(parts: ApiParts, { job, certificate, token }: StartedJob) {
  return {
    ...jobBody(job),
    certificate: issuedBody(parts, certificate),
    ...(token === undefined ? {} : { token: tokenBody(token) }),
  }
}

function leasesBody({ active, lapsed, isPaused, resumesInSeconds }: LeaseOverview) {
  return { active, lapsed, isPaused, ...(resumesInSeconds === undefined ? {} : { resumesInSeconds }) }
}

function jobBody({ id, kind, project, user, launcher, status, startedAt, endsAt, leaseSeconds, finishedAt }: Job) {
  return {
    id,
    kind,
    project,
    user,
    launcher,
    status,
    startedAt: startedAt.toISOString(),
    ...(endsAt === undefined ? {} : { endsAt: endsAt.toISOString() }),
    leaseSeconds,
    ...(finishedAt === undefined ? {} : { finishedAt: finishedAt.toISOString() }),
  }
}
