// The audit record over HTTP, for administrators.
import { z } from '@hono/zod-openapi'
import type { Facts } from '../../domain/coded-error.ts'
import { administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, callerIn, newApi, plainRoute, NONE } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'

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

export function auditRoutes(parts: ApiParts): Api {
  const api = newApi()
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
      await administratorOnly(parts, await callerIn(parts, c))
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
