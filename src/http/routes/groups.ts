// The groups that sign-ins have brought, and the people who are here by them alone.
import { z } from '@hono/zod-openapi'
import type { SignIn } from '../../directory/sign-in-store.ts'
import { signInAgainBy } from '../../domain/sign-in-age.ts'
import { administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, callerIn, newApi, NONE, plainRoute } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'

const GroupAnswer = z.strictObject({ name: z.string(), users: z.int() }).openapi('Group')
const ExternalUserAnswer = z
  .strictObject({
    name: z.string(),
    provider: z.string(),
    groups: z.array(z.string()),
    groupsAsOf: z.string(),
    signInAgainBy: z.string().optional(),
  })
  .openapi('ExternalUser')

export function groupRoutes(parts: ApiParts): Api {
  const api = newApi()
  const list = { method: 'get', params: NONE, query: PageQuery, status: 200 } as const
  api.openapi(
    plainRoute({
      ...list,
      path: '/v1/groups',
      summary: 'Groups that somebody is in, as the providers write them, by name. For administrators.',
      answer: z.strictObject({ groups: z.array(GroupAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listGroups(pageRequestOf(c.req.valid('query'))))
      return c.json({ groups: [...page.items], ...cursorOf(page) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      ...list,
      path: '/v1/external-users',
      summary: 'People who have signed in and are members of no project, by name. For administrators.',
      answer: z.strictObject({ externalUsers: z.array(ExternalUserAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listExternalUsers(pageRequestOf(c.req.valid('query'))))
      const externalUsers = page.items.map((item) => externalUserBody(item, parts.signIn.loginAfterHours))
      return c.json({ externalUsers, ...cursorOf(page) }, 200)
    },
  )
  return api
}

function externalUserBody({ user, provider, groups, at }: SignIn, loginAfterHours: number) {
  const by = signInAgainBy(at, loginAfterHours)
  const again = by === undefined ? {} : { signInAgainBy: by.toISOString() }
  return { name: user, provider, groups: [...groups], groupsAsOf: at.toISOString(), ...again }
}
