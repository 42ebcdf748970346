// Whether the service lives and is ready, what is on, off or stale, and the audit record.
import { z } from '@hono/zod-openapi'
import { requireAdministrator } from '../../enrollment/second-look.ts'
import { EnrollmentRefused } from '../../enrollment/errors.ts'
import type { Facts } from '../../domain/coded-error.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, callerIn, newApi, plainRoute, NONE } from '../route.ts'
import { PageQuery } from '../schemas.ts'

const StatusAnswer = z
  .strictObject({
    installation: z.string(),
    version: z.string(),
    epoch: z.string(),
    demo: z.boolean(),
    startedAt: z.string(),
    policyRevision: z.int(),
    snapshotAgeMilliseconds: z.number(),
    crls: z.array(
      z.strictObject({ issuer: z.string(), number: z.int(), thisUpdate: z.string(), nextUpdate: z.string() }),
    ),
  })
  .openapi('Status')

const AuditAnswer = z
  .strictObject({
    events: z.array(
      z.strictObject({
        at: z.string(),
        actor: z.string(),
        act: z.string(),
        object: z.string(),
        requestId: z.string(),
        details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
      }),
    ),
    cursor: z.string().optional(),
  })
  .openapi('AuditPage')

export function serviceRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  api.get('/healthz', (c) => c.json({ status: 'ok' }))
  api.get('/readyz', async (c) => {
    const { ready } = await parts.readiness()
    return c.json({ ready }, ready ? 200 : 503)
  })
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/status',
      params: NONE,
      summary: 'What is on, off and stale. For every caller with a certificate.',
      query: NONE,
      status: 200,
      answer: StatusAnswer,
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      if (caller.kind === 'anonymous') throw new EnrollmentRefused('unauthenticated')
      const { startedAt, ...status } = parts.status()
      return c.json(
        {
          ...status,
          startedAt: startedAt.toISOString(),
          policyRevision: parts.snapshot.revision,
          snapshotAgeMilliseconds: context.clock.monotonicMilliseconds() - parts.snapshot.confirmedAtMilliseconds,
          crls: parts.crls.all().map(({ crl }) => ({
            issuer: crl.issuer,
            number: crl.number,
            thisUpdate: crl.thisUpdate.toISOString(),
            nextUpdate: crl.nextUpdate.toISOString(),
          })),
        },
        200,
      )
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/audit',
      params: NONE,
      summary: 'The audit record, newest first. For administrators.',
      query: PageQuery,
      status: 200,
      answer: AuditAnswer,
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      await context.acts.run((tx) => requireAdministrator(tx, caller, context.clock.now()))
      const page = await parts.audit(pageRequestOf(c.req.valid('query')))
      const events = page.items.map(({ at, details, ...rest }) => ({
        ...rest,
        at: at.toISOString(),
        details: factsBody(details),
      }))
      return c.json({ events, ...cursorOf(page) }, 200)
    },
  )
  return api
}

function factsBody(facts: Facts): Record<string, string | number | boolean | string[]> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'object' ? [...fact] : fact]),
  )
}
