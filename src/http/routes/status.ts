// Whether this process lives and is ready, and what is on, off or stale.
import { z } from '@hono/zod-openapi'
import { requireOwnCertificate } from '../in-quarantine.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, callerIn, newApi, plainRoute, NONE } from '../route.ts'

const StatusAnswer = z
  .strictObject({
    installation: z.string(),
    version: z.string(),
    epoch: z.string(),
    demo: z.boolean(),
    /** Since when nothing is decided, signed or published, after a restore without journal. */
    quarantine: z.strictObject({ since: z.string() }).nullable(),
    startedAt: z.string(),
    model_access_control: z.enum(['enabled', 'disabled']),
    policyRevision: z.int(),
    /** Null: it is known to be incomplete, or in quarantine. */
    snapshotAgeMilliseconds: z.number().nullable(),
    crls: z.array(
      z.strictObject({ issuer: z.string(), number: z.int(), thisUpdate: z.string(), nextUpdate: z.string() }),
    ),
  })
  .openapi('Status')

export function statusRoutes(parts: ApiParts): Api {
  const api = newApi()
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
      const { quarantine } = parts.snapshot
      if (quarantine.kind === 'quarantined') requireOwnCertificate(parts, c)
      else await callerIn(parts, c)
      const { startedAt, ...status } = parts.status()
      return c.json(
        {
          ...status,
          startedAt: startedAt.toISOString(),
          model_access_control: parts.snapshot.modelAccessControl,
          policyRevision: parts.snapshot.revision,
          quarantine: quarantine.kind === 'none' ? null : { since: quarantine.since.toISOString() },
          snapshotAgeMilliseconds: ageOf(parts),
          crls: parts.crls.complete().map(({ crl }) => ({
            issuer: crl.scope.issuer,
            number: crl.number,
            thisUpdate: crl.thisUpdate.toISOString(),
            nextUpdate: crl.nextUpdate.toISOString(),
          })),
        },
        200,
      )
    },
  )
  return api
}

function ageOf({ context, snapshot }: ApiParts): number | null {
  const age = context.clock.monotonicMilliseconds() - snapshot.confirmedAtMilliseconds
  return Number.isFinite(age) ? age : null
}
