// Keys that the platform keeps for members: whether a project has them kept, and handing one over again.
import { z } from '@hono/zod-openapi'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { handOverKeptKey, keepKeyOfMember } from '../../enrollment/custody.ts'
import { projectSettings, putProjectSettings } from '../../enrollment/project-settings.ts'
import { issuedBody, keyStoreBody } from '../certificate-body.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, originOf, plainRoute, IN_PATH, NONE } from '../route.ts'
import { CertificateAnswerBody, keyFormatField } from '../certificate-schemas.ts'

const SettingsBody = z
  .strictObject({ custody: z.boolean().openapi({ description: 'Whether the keys of members are made and kept here' }) })
  .openapi('ProjectSettingsRequest')
const SettingsAnswer = z.strictObject({ project: z.string(), custody: z.boolean() }).openapi('ProjectSettings')
const KeptAnswer = z.strictObject({ project: z.string(), user: z.string(), serial: z.string() }).openapi('KeptKey')

export function custodyRoutes(parts: ApiParts): Api {
  const api = newApi()
  addSettings(api, parts)
  addKeyStores(api, parts)
  return api
}

function addSettings(api: Api, parts: ApiParts): void {
  const { context } = parts
  const { names } = context.policy
  const route = { path: '/v1/projects/{p}/settings', params: z.strictObject({ p: IN_PATH }), status: 200 } as const
  api.openapi(
    bodyRoute({
      ...route,
      method: 'put',
      summary:
        'Has the keys of members kept, or ends it: then what they certify is revoked and they are deleted. By an owner.',
      body: SettingsBody,
      answer: SettingsAnswer,
    }),
    async (c) => {
      const asked = { ...(await askedOf(parts, c)), project: parseProjectName(c.req.valid('param').p, names) }
      return c.json(await putProjectSettings(context, { ...asked, ...c.req.valid('json') }), 200)
    },
  )
  api.openapi(
    plainRoute({
      ...route,
      method: 'get',
      summary: 'Settings of a project. For its members.',
      query: NONE,
      answer: SettingsAnswer,
    }),
    async (c) => {
      const project = parseProjectName(c.req.valid('param').p, names)
      return c.json(await projectSettings(context, { caller: await callerIn(parts, c), project }), 200)
    },
  )
}

function addKeyStores(api: Api, parts: ApiParts): void {
  const { context } = parts
  const { names } = context.policy
  const route = {
    path: '/v1/projects/{p}/members/{u}/keystore',
    params: z.strictObject({ p: IN_PATH, u: IN_PATH }),
  } as const
  api.openapi(
    plainRoute({
      ...route,
      method: 'get',
      summary:
        'The key that is kept for a member, with its newest certificate: for the member alone, each time on record',
      query: z.strictObject({ format: keyFormatField }),
      status: 200,
      answer: CertificateAnswerBody,
    }),
    async (c) => {
      const { certificate, delivered } = await parts.keyStoreQueue.run(async () =>
        handOverKeptKey(context, {
          caller: await callerIn(parts, c),
          origin: originOf(c),
          project: parseProjectName(c.req.valid('param').p, names),
          user: parseUserName(c.req.valid('param').u, names),
          format: c.req.valid('query').format,
        }),
      )
      const body = { ...issuedBody(parts, certificate), keyStore: keyStoreBody(delivered) }
      return c.json(body, 200, { 'cache-control': 'no-store' })
    },
  )
  api.openapi(
    plainRoute({
      ...route,
      method: 'post',
      summary:
        'Makes a new key for a member and keeps it; the one kept before is superseded. By an owner, for somebody else.',
      query: NONE,
      status: 201,
      answer: KeptAnswer,
    }),
    async (c) => {
      const kept = await keepKeyOfMember(context, {
        ...(await askedOf(parts, c)),
        project: parseProjectName(c.req.valid('param').p, names),
        user: parseUserName(c.req.valid('param').u, names),
      })
      parts.observer.issued('project-user')
      return c.json(kept, 201)
    },
  )
}
