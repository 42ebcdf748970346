// Settings that administrators change while the service runs. There is one: the switch of model access control.
import { z } from '@hono/zod-openapi'
import { setAccessControl } from '../../enrollment/access-switch.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyQueryRoute, callerIn, newApi, NONE, plainRoute } from '../route.ts'

const value = z.enum(['enabled', 'disabled'])
const SettingAnswer = z.strictObject({ value }).openapi('ModelAccessControl')
const ConfirmQuery = z.strictObject({ confirm: z.enum(['true', 'false']).default('false') })
const PATH = '/v1/settings/model-access-control'

export function settingRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    bodyQueryRoute({
      method: 'put',
      path: PATH,
      params: NONE,
      query: ConfirmQuery,
      summary: 'Turns model access control on, or with confirm=true off. By an administrator.',
      body: SettingAnswer,
      status: 200,
      answer: SettingAnswer,
    }),
    async (c) => {
      const confirmation = c.req.valid('query').confirm === 'true' ? 'given' : 'missing'
      const asked = { ...(await askedOf(parts, c)), ...c.req.valid('json'), confirmation } as const
      return c.json(await setAccessControl(parts.context, asked), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: PATH,
      params: NONE,
      summary: 'Whether model access control is on. For every caller.',
      query: NONE,
      status: 200,
      answer: SettingAnswer,
    }),
    async (c) => {
      await callerIn(parts, c)
      return c.json({ value: parts.snapshot.modelAccessControl }, 200)
    },
  )
  return api
}
