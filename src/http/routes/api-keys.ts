// API keys over HTTP: a user's own, made, listed and deleted by the user, never by a key.
import { z } from '@hono/zod-openapi'
import { API_SCOPES } from '../../domain/api-scope.ts'
import { parseDeploymentName } from '../../domain/deployment-name.ts'
import type { NameRules } from '../../domain/name-rules.ts'
import { createApiKey, deleteApiKeys, listApiKeys } from '../../enrollment/api-keys.ts'
import { updateApiKey } from '../../enrollment/update-api-key.ts'
import type { ApiKeyRecord } from '../../enrollment/api-key-store.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, emptyRoute, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { ApiKeyBody, ApiKeyUpdateBody } from '../schemas.ts'

const apiKeyFields = {
  name: z.string(),
  prefix: z.string(),
  user: z.string(),
  scopes: z.array(z.enum(API_SCOPES)),
  reach: z.enum(['platform', 'project', 'user']),
  project: z.string().optional(),
  deployments: z.union([z.literal('all'), z.array(z.string())]),
  createdAt: z.string(),
  expiresAt: z.string(),
}
const ApiKeyAnswer = z.strictObject(apiKeyFields).openapi('ApiKey')
const MadeApiKeyAnswer = z
  .strictObject({
    ...apiKeyFields,
    value: z.string().openapi({ description: 'The key, told once: send it as `Authorization: ApiKey VALUE`' }),
  })
  .openapi('MadeApiKey')

export function apiKeyRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/api-keys',
      params: NONE,
      summary: "An API key of the caller's own, that reaches no further than the caller. Its value is told once.",
      body: ApiKeyBody,
      status: 201,
      answer: MadeApiKeyAnswer,
    }),
    async (c) => {
      const { name, scopes, expiresAt, ...body } = c.req.valid('json')
      const deployments = deploymentsIn(body, context.policy.names)
      const wanted = { name, scopes, deployments, expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt) }
      const { record, value } = await createApiKey(context, { ...(await askedOf(parts, c)), ...wanted })
      return c.json({ ...apiKeyBody(record), value }, 201)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/api-keys/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary: "Replaces scopes and deployments of one of the caller's own API keys, in force at once.",
      body: ApiKeyUpdateBody,
      status: 200,
      answer: ApiKeyAnswer,
    }),
    async (c) => {
      const { scopes, ...body } = c.req.valid('json')
      const deployments = deploymentsIn(body, context.policy.names)
      const { name } = c.req.valid('param')
      const record = await updateApiKey(context, { ...(await askedOf(parts, c)), name, scopes, deployments })
      return c.json(apiKeyBody(record), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/api-keys',
      params: NONE,
      summary: "The caller's own API keys, by name, without their secrets",
      query: NONE,
      status: 200,
      answer: z.strictObject({ apiKeys: z.array(ApiKeyAnswer) }),
    }),
    async (c) => {
      const records = await listApiKeys(context, await callerIn(parts, c))
      return c.json({ apiKeys: records.map(apiKeyBody) }, 200)
    },
  )
  api.openapi(
    emptyRoute({
      method: 'delete',
      path: '/v1/api-keys',
      params: NONE,
      summary: "Deletes all of the caller's own API keys. They stop at once.",
    }),
    async (c) => {
      await deleteApiKeys(context, { ...(await askedOf(parts, c)), which: { kind: 'all' } })
      return c.body(null, 204)
    },
  )
  api.openapi(
    emptyRoute({
      method: 'delete',
      path: '/v1/api-keys/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary: "Deletes one of the caller's own API keys. It stops at once.",
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      await deleteApiKeys(context, { ...(await askedOf(parts, c)), which: { kind: 'named', name } })
      return c.body(null, 204)
    },
  )
  return api
}

function deploymentsIn({ deployments }: { readonly deployments: 'all' | readonly string[] }, names: NameRules) {
  return deployments === 'all' ? deployments : [...new Set(deployments)].map((d) => parseDeploymentName(d, names))
}

function apiKeyBody({ name, prefix, user, scopes, reach, deployments, createdAt, expiresAt }: ApiKeyRecord) {
  return {
    name,
    prefix,
    user,
    scopes: [...scopes],
    reach: reach.kind,
    ...(reach.kind === 'project' ? { project: reach.project } : {}),
    deployments: deployments === 'all' ? deployments : [...deployments],
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  }
}
