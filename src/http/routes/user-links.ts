// Who of a provider is which user, over HTTP: said and taken back by administrators.
import { z } from '@hono/zod-openapi'
import type { UserLink } from '../../directory/sign-in-store.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { SignInRefused } from '../../enrollment/sign-in-errors.ts'
import { linkUser, unlinkUser } from '../../enrollment/user-links.ts'
import { administratorOnly } from '../administrator-only.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { UserLinkBody } from '../schemas.ts'

const LinkAnswer = z
  .strictObject({ user: z.string(), provider: z.string(), subject: z.string(), createdAt: z.string() })
  .openapi('UserLink')

export function userLinkRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  const path = '/v1/users/{u}/links'
  const params = z.strictObject({ u: IN_PATH })
  api.openapi(
    bodyRoute({
      method: 'post',
      path,
      params,
      summary: 'Says that a person of a provider is this user. By an administrator.',
      body: UserLinkBody,
      status: 201,
      answer: LinkAnswer,
    }),
    async (c) => {
      const { provider, subject } = c.req.valid('json')
      const asked = { ...(await askedOf(parts, c)), user: parseUserName(c.req.valid('param').u, names), provider }
      if (!parts.signIn.providers.has(provider)) throw new SignInRefused('provider_unknown', { provider })
      return c.json(linkBody(await linkUser(context, { ...asked, subject })), 201)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path,
      params,
      summary: 'Who a user is at the providers. For administrators.',
      query: NONE,
      status: 200,
      answer: z.strictObject({ links: z.array(LinkAnswer) }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const user = parseUserName(c.req.valid('param').u, names)
      const links = await parts.reader.read((view) => view.linksOf(user))
      return c.json({ links: links.map(linkBody) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: `${path}/{provider}`,
      params: z.strictObject({ u: IN_PATH, provider: IN_PATH }),
      summary: 'Takes back who a user is at a provider, and ends their sessions of it. By an administrator.',
      query: NONE,
      status: 200,
      answer: z.strictObject({ removed: z.int() }),
    }),
    async (c) => {
      const { u, provider } = c.req.valid('param')
      const asked = { ...(await askedOf(parts, c)), user: parseUserName(u, names), provider }
      return c.json({ ...(await unlinkUser(context, asked)) }, 200)
    },
  )
  return api
}

function linkBody({ user, provider, subject, createdAt }: UserLink) {
  return { user, provider, subject, createdAt: createdAt.toISOString() }
}
