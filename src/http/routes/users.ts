// Users over HTTP: added, blocked, let in again, promoted, demoted and deleted by administrators.
import { z } from '@hono/zod-openapi'
import type { User } from '../../directory/entities.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { addUser, blockUser, unblockUser } from '../../enrollment/directory-acts.ts'
import { deleteUser } from '../../enrollment/delete-user.ts'
import { demoteUser, promoteUser } from '../../enrollment/platform-role.ts'
import { readQuota, setQuota } from '../../enrollment/quota.ts'
import { administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'
import { QuotaBody, UserBody } from '../schemas.ts'

const UserAnswer = z
  .strictObject({ name: z.string(), status: z.string(), platformRole: z.string(), createdAt: z.string() })
  .openapi('User')

const QuotaAnswer = z.strictObject({ user: z.string(), projects: z.int(), owned: z.int() }).openapi('Quota')

export function userRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/users/{u}',
      params: z.strictObject({ u: IN_PATH }),
      summary: 'Adds a user. By an administrator. A name that was ever used is taken.',
      body: UserBody,
      status: 201,
      answer: UserAnswer,
    }),
    async (c) => {
      const { platformRole } = c.req.valid('json')
      const name = parseUserName(c.req.valid('param').u, names)
      const user = await addUser(context, { ...(await askedOf(parts, c)), name, platformRole })
      return c.json(userBody(user), 201)
    },
  )
  for (const [method, path, act, summary] of [
    ['post', '/v1/users/{u}/block', blockUser, 'Blocks a user and revokes all they hold. By an administrator.'],
    [
      'post',
      '/v1/users/{u}/unblock',
      unblockUser,
      'Lets a user in again. What was revoked stays revoked. By an administrator.',
    ],
    [
      'post',
      '/v1/users/{u}/promote',
      promoteUser,
      'Makes a user an administrator; their jobs end. By another administrator.',
    ],
    [
      'post',
      '/v1/users/{u}/demote',
      demoteUser,
      'Makes an administrator a user and revokes what they hold as one. By another administrator.',
    ],
    [
      'delete',
      '/v1/users/{u}',
      deleteUser,
      'Deletes an account and revokes all they hold. The name stays taken. By another administrator.',
    ],
  ] as const) {
    api.openapi(
      plainRoute({
        method,
        path,
        params: z.strictObject({ u: IN_PATH }),
        summary,
        query: NONE,
        status: 200,
        answer: UserAnswer,
      }),
      async (c) => {
        const name = parseUserName(c.req.valid('param').u, names)
        const user = await act(context, { ...(await askedOf(parts, c)), name })
        return c.json(userBody(user), 200)
      },
    )
  }
  addQuota(api, parts)
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/users',
      params: NONE,
      summary: 'Users, by name. For administrators.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ users: z.array(UserAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listUsers(pageRequestOf(c.req.valid('query'))))
      return c.json({ users: page.items.map(userBody), ...cursorOf(page) }, 200)
    },
  )
  return api
}

function addQuota(api: Api, parts: ApiParts): void {
  const { context } = parts
  const params = z.strictObject({ u: IN_PATH })
  const nameIn = ({ u }: z.output<typeof params>) => parseUserName(u, context.policy.names)
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/users/{u}/quota',
      params,
      summary: 'How many projects a user may own, and owns. For administrators.',
      query: NONE,
      status: 200,
      answer: QuotaAnswer,
    }),
    async (c) => {
      const quota = await readQuota(context, { caller: await callerIn(parts, c), name: nameIn(c.req.valid('param')) })
      return c.json(quota, 200)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/users/{u}/quota',
      params,
      summary: 'Sets how many projects a user may own. Takes none away. By an administrator.',
      body: QuotaBody,
      status: 200,
      answer: QuotaAnswer,
    }),
    async (c) => {
      const { projects } = c.req.valid('json')
      const asked = { ...(await askedOf(parts, c)), name: nameIn(c.req.valid('param')), projects }
      return c.json(await setQuota(context, asked), 200)
    },
  )
}

function userBody({ name, status, platformRole, createdAt }: User) {
  return { name, status, platformRole, createdAt: createdAt.toISOString() }
}
