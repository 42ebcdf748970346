// Who am I? By certificate, by bearer token, or by both when they name one principal; by a session; by API key.
import { z } from '@hono/zod-openapi'
import type { SignInView } from '../../access/snapshot.ts'
import { actorOf, type Caller, principalOf } from '../../domain/caller.ts'
import { signInAgainBy } from '../../domain/sign-in-age.ts'
import { EnrollmentRefused } from '../../enrollment/errors.ts'
import { notPermitted } from '../../enrollment/second-look.ts'
import { presentsApiKey } from '../api-key.ts'
import { callerOf } from '../authenticate.ts'
import { bearerOf } from '../bearer.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, type ApiContext, callerIn, newApi, NONE, plainRoute } from '../route.ts'
import type { SessionCaller } from '../../enrollment/sign-in-subject.ts'
import { showsSession } from '../session-caller.ts'

const MeAnswer = z
  .strictObject({
    principal: z.string().openapi({ example: 'vision__alice' }),
    by: z.array(z.enum(['certificate', 'token', 'session', 'api-key'])),
    actor: z.string().optional(),
    serial: z.string().optional(),
    expiresAt: z.string(),
    provider: z.string().optional().openapi({ description: 'Where the person signed in' }),
    signedInAt: z.string().optional(),
    projects: z.array(z.strictObject({ name: z.string(), role: z.string() })).optional(),
    groups: z.array(z.string()).optional().openapi({ description: 'As the provider wrote them at the last sign-in' }),
    groupsAsOf: z.string().optional(),
    signInAgainBy: z
      .string()
      .optional()
      .openapi({ description: 'From then on access by groups is denied until the next sign-in; absent: never' }),
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
      const session = await sessionIn(parts, c)
      if (session !== undefined) return c.json(personBody(parts, session), 200)
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

/** A person who signed in: on the listener for browsers nobody else is known. */
async function sessionIn(parts: ApiParts, c: ApiContext): Promise<SessionCaller | undefined> {
  if (c.get('listener') === 'programs' && !showsSession(c)) return undefined
  const caller = await callerIn(parts, c)
  if (caller.kind !== 'session') throw new EnrollmentRefused('unauthenticated')
  return caller
}

function personBody({ snapshot, signIn }: ApiParts, caller: SessionCaller) {
  const { user, provider, signedInAt, sessionId } = caller
  const last = snapshot.signIn(user)
  const endsAt = new Date(snapshot.session(sessionId)?.endsAt ?? signedInAt.getTime())
  return {
    principal: user,
    by: ['session' as const],
    actor: actorOf(caller),
    expiresAt: endsAt.toISOString(),
    provider,
    signedInAt: signedInAt.toISOString(),
    projects: snapshot.membershipsOf(user).map(({ project, role }) => ({ name: project, role })),
    ...(last === undefined ? {} : groupsBody(last, signIn.loginAfterHours)),
  }
}

function groupsBody({ groups, at }: SignInView, loginAfterHours: number) {
  const by = signInAgainBy(new Date(at), loginAfterHours)
  const again = by === undefined ? {} : { signInAgainBy: by.toISOString() }
  return { groups: [...groups], groupsAsOf: new Date(at).toISOString(), ...again }
}
