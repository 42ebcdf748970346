// Who am I? By certificate, by bearer token, or by both when they name one principal.
import { z } from '@hono/zod-openapi'
import { actorOf, type CertifiedCaller } from '../../domain/caller.ts'
import { SEPARATOR } from '../../domain/name-rules.ts'
import { EnrollmentRefused } from '../../enrollment/errors.ts'
import { callerOf } from '../authenticate.ts'
import { bearerOf } from '../bearer.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, newApi, NONE, plainRoute } from '../route.ts'

const MeAnswer = z
  .strictObject({
    principal: z.string().openapi({ example: 'vision__alice' }),
    by: z.array(z.enum(['certificate', 'token'])),
    actor: z.string().optional(),
    serial: z.string().optional(),
    expiresAt: z.string(),
  })
  .openapi('Me')

export function meRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/me',
      params: NONE,
      summary: 'Who the caller is, by client certificate or bearer token',
      query: NONE,
      status: 200,
      answer: MeAnswer,
    }),
    async (c) => {
      const token = c.req.header('authorization') === undefined ? undefined : await bearerOf(parts, c)
      const caller = await callerOf(parts, c.get('socket'))
      if (caller.kind === 'anonymous') {
        if (token === undefined) throw new EnrollmentRefused('unauthenticated')
        const { sub, exp } = token.claims
        return c.json({ principal: sub, by: ['token' as const], expiresAt: new Date(exp * 1000).toISOString() }, 200)
      }
      const principal = principalOf(caller)
      if (token !== undefined && token.claims.sub !== principal) throw new HttpRefused('credential_conflict')
      const { serial, notAfter } = caller.certificate
      const by = token === undefined ? ['certificate' as const] : ['certificate' as const, 'token' as const]
      return c.json({ principal, by, actor: actorOf(caller), serial, expiresAt: notAfter.toISOString() }, 200)
    },
  )
  return api
}

function principalOf(caller: CertifiedCaller): string {
  switch (caller.kind) {
    case 'member':
    case 'job':
      return `${caller.project}${SEPARATOR}${caller.user}`
    case 'account':
      return `${caller.project}${SEPARATOR}${caller.account}`
    case 'service':
      return caller.name
    case 'admin':
      return caller.user
    default:
      return caller satisfies never
  }
}
