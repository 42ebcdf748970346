// Jobs over HTTP: a launcher starts them, lists its own, and finishes them.
import { z } from '@hono/zod-openapi'
import type { Job } from '../../directory/entities.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { finishJob, startJob } from '../../enrollment/jobs.ts'
import { notPermitted } from '../../enrollment/second-look.ts'
import { issuedBody } from '../certificate-body.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, csrOf, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { CertificateAnswerBody, JobBody, PageQuery } from '../schemas.ts'

const JobAnswer = z
  .strictObject({
    id: z.string(),
    project: z.string(),
    user: z.string(),
    launcher: z.string(),
    status: z.enum(['active', 'finished']),
    startedAt: z.string(),
    endsAt: z.string(),
    finishedAt: z.string().optional(),
  })
  .openapi('Job')
const StartedAnswer = z.strictObject({ id: z.string(), certificate: CertificateAnswerBody }).openapi('StartedJob')
const JobQuery = PageQuery.extend({
  launcher: z.literal('me').default('me'),
  state: z.enum(['active', 'finished', 'any']).default('any'),
})

export function jobRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/jobs',
      params: NONE,
      summary: 'Starts a job for a member: a certificate of an hour at most. By a launcher that lists the project.',
      body: JobBody,
      status: 201,
      answer: StartedAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const started = await parts.signingQueue.run(async () =>
        startJob(context, {
          ...(await askedOf(parts, c)),
          project: parseProjectName(body.project, names),
          user: parseUserName(body.user, names),
          csr: csrOf(body.csr),
          lifetimeSeconds: body.lifetimeSeconds,
        }),
      )
      parts.observer.issued(started.certificate.profile)
      return c.json({ id: started.jobId, certificate: issuedBody(parts, started.certificate) }, 201)
    },
  )
  api.openapi(
    plainRoute({
      method: 'post',
      path: '/v1/jobs/{id}/finish',
      params: z.strictObject({ id: IN_PATH }),
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
      summary: "A launcher's own jobs",
      query: JobQuery,
      status: 200,
      answer: z.strictObject({ jobs: z.array(JobAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      if (caller.kind !== 'service') throw notPermitted(caller)
      const query = c.req.valid('query')
      const now = context.clock.now()
      const page = await parts.reader.read((view) => view.listJobs(caller.name, query.state, now, pageRequestOf(query)))
      return c.json({ jobs: page.items.map((job) => jobBody(endedAt(job, now))), ...cursorOf(page) }, 200)
    },
  )
  return api
}

/** A job that nobody finished has ended when its time is over. */
function endedAt(job: Job, now: Date): Job {
  return job.status === 'active' && job.endsAt <= now ? { ...job, status: 'finished', finishedAt: job.endsAt } : job
}

function jobBody({ id, project, user, launcher, status, startedAt, endsAt, finishedAt }: Job) {
  return {
    id,
    project,
    user,
    launcher,
    status,
    startedAt: startedAt.toISOString(),
    endsAt: endsAt.toISOString(),
    ...(finishedAt === undefined ? {} : { finishedAt: finishedAt.toISOString() }),
  }
}
