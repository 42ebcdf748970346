// All that a requester obtained: told, and revoked by one request (rule 11).
import { z } from '@hono/zod-openapi'
import { parseRequester } from '../../domain/requester.ts'
import { countObtained, revokeObtained } from '../../enrollment/revoke-obtained.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'

const count = z.int().min(0)
const ObtainedAnswer = z
  .strictObject({
    requester: z.string().openapi({ example: 'service:hub.internal' }),
    certificates: count,
    tokens: count,
    jobs: count,
    enrolmentTokens: count,
    apiKeys: count,
  })
  .openapi('Obtained')

/** A key that was stolen with the requester's own is no less dead for another word; compromise is said of one certificate. */
const RevokeObtainedBody = z
  .strictObject({
    reason: z.enum(['privilegeWithdrawn', 'cessationOfOperation', 'affiliationChanged']).default('privilegeWithdrawn'),
  })
  .openapi('RevokeObtainedRequest')

const IN_REQUESTER = z.strictObject({ requester: IN_PATH })

export function requesterRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/requesters/{requester}',
      params: IN_REQUESTER,
      summary: 'How much of what a requester obtained has not ended. By an administrator, or the requester.',
      query: NONE,
      status: 200,
      answer: ObtainedAnswer,
    }),
    async (c) => {
      const requester = parseRequester(c.req.valid('param').requester)
      return c.json({ requester, ...(await countObtained(context, await callerIn(parts, c), requester)) }, 200)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/requesters/{requester}/revoke',
      params: IN_REQUESTER,
      summary:
        'Revokes all that a requester obtained, for itself and for others, and what was bought with it. By an administrator, or ' +
        'the requester.',
      body: RevokeObtainedBody,
      status: 200,
      answer: ObtainedAnswer,
    }),
    async (c) => {
      const requester = parseRequester(c.req.valid('param').requester)
      const asked = { ...(await askedOf(parts, c)), requester, reason: c.req.valid('json').reason }
      return c.json({ requester, ...(await revokeObtained(context, asked)) }, 200)
    },
  )
  return api
}
