// Who am I? By certificate, by bearer token, or by both when they name one principal; by API key.
import { z } from '@hono/zod-openapi'
import { actorOf, type Caller, type CertifiedCaller } from '../../domain/caller.ts'
import { SEPARATOR } from '../../domain/name-rules.ts'
import { notPermitted } from '../../enrollment/second-look.ts'
import { presentsApiKey } from '../api-key.ts'
import { callerOf } from '../authenticate.ts'
import { bearerOf } from '../bearer.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, callerIn, newApi, NONE, plainRoute } from '../route.ts'

const MeAnswer = z
  .strictObject({
    principal: z.string().openapi({ example: 'vision__alice' }),
    by: z.array(z.enum(['certificate', 'token', 'api-key'])),
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
      summary: 'Who the caller is, by client certificate, bearer token or API key',
      query: NONE,
      status: 200,
      answer: MeAnswer,
    }),
    async (c) => {
      if (presentsApiKey(c)) return c.json(apiKeyBody(await callerIn(parts, c)), 200)
      const token = c.req.header('authorization') === undefined ? undefined : await bearerOf(parts, c)
      const caller = await callerOf(parts, c.get('socket'))
      if (caller.kind === 'anonymous') {
        if (token === undefined) throw new HttpRefused('authorization_missing')
        const { principal, expiresAt } = token
        return c.json({ principal, by: ['token' as const], expiresAt: expiresAt.toISOString() }, 200)
      }
      const principal = principalOf(caller)
      if (token !== undefined && token.principal !== principal) throw new HttpRefused('credential_conflict')
      const { serial, notAfter } = caller.certificate
      const by = token === undefined ? ['certificate' as const] : ['certificate' as const, 'token' as const]
      return c.json({ principal, by, actor: actorOf(caller), serial, expiresAt: notAfter.toISOString() }, 200)
    },
  )
  return api
}

function apiKeyBody(caller: Caller) {
  if (caller.kind !== 'api-key') throw notPermitted(caller)
  const { user, expiresAt } = caller
  return { principal: user, by: ['api-key' as const], actor: actorOf(caller), expiresAt: expiresAt.toISOString() }
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
