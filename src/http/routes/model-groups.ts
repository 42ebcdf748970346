// Model groups over HTTP, in Signet's own words. What the caller may not see is not there.
import { z } from '@hono/zod-openapi'
import { GROUP_ACCESS_MODES } from '../../domain/access-policy.ts'
import { deleteModelGroup, registerModelGroup, updateModelGroup } from '../../enrollment/model-groups.ts'
import { ModelRefused } from '../../enrollment/model-refused.ts'
import type { ModelGroup } from '../../enrollment/model-store.ts'
import { listModelGroups, readModelGroup } from '../../enrollment/model-views.ts'
import { masked } from '../masked.ts'
import { askedOfModels, modelContextOf, readModels } from '../model-asker.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, bodyRoute, emptyRoute, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { instant, PageQuery, plainText, text } from '../schema-parts.ts'

const name = text('Unique among all groups', 'fraud-models', 256)
const accessMode = plainText(64).openapi({ description: GROUP_ACCESS_MODES.join(', '), example: 'restricted' })
const role = plainText(512).min(1)
const said = {
  description: plainText(4096).optional(),
  accessMode: accessMode.optional(),
  backendRoles: z.array(role).max(1000).optional().openapi({ description: 'Of a restricted group; exact bytes' }),
  addAllBackendRoles: z.boolean().optional().openapi({ description: 'All backend roles of the caller' }),
}
const GroupBody = z.strictObject({ name, ...said }).openapi('ModelGroupRequest')
const GroupUpdate = z
  .strictObject({ name: name.optional(), ...said })
  .refine((body) => Object.keys(body).length > 0, 'says what to update')
  .openapi('ModelGroupUpdate')

const GroupAnswer = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    access: z.enum(GROUP_ACCESS_MODES),
    backendRoles: z.array(z.string()),
    owner: z.string().optional().openapi({ description: 'Absent: made while access control was off; public for ever' }),
    latestVersion: z.int(),
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi('ModelGroup')

const GROUP = z.strictObject({ id: IN_PATH })
const BASE = '/v1/model-groups'

export function modelGroupRoutes(parts: ApiParts): Api {
  const api = newApi()
  writes(api, parts)
  reads(api, parts)
  return api
}

function writes(api: Api, parts: ApiParts): void {
  const context = modelContextOf(parts)
  api.openapi(
    bodyRoute({
      method: 'post',
      path: BASE,
      params: NONE,
      summary: 'Registers a model group. By whoever holds the role for it.',
      body: GroupBody,
      status: 201,
      answer: GroupAnswer,
    }),
    async (c) => {
      const { description = '', ...wanted } = c.req.valid('json')
      const group = await registerModelGroup(context, { ...(await askedOfModels(parts, c)), ...wanted, description })
      return c.json(groupBody(group), 201)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'put',
      path: `${BASE}/{id}`,
      params: GROUP,
      summary: 'Updates a model group. By whom it lets in; its access by its owner and administrators.',
      body: GroupUpdate,
      status: 200,
      answer: GroupAnswer,
    }),
    async (c) => {
      const asked = { ...(await askedOfModels(parts, c)), ...c.req.valid('json'), id: c.req.valid('param').id }
      return c.json(groupBody(await masked(() => updateModelGroup(context, asked))), 200)
    },
  )
  api.openapi(
    emptyRoute({
      method: 'delete',
      path: `${BASE}/{id}`,
      params: GROUP,
      summary: 'Deletes a model group without versions. By whom it lets in.',
    }),
    async (c) => {
      const asked = { ...(await askedOfModels(parts, c)), id: c.req.valid('param').id }
      const { id, result } = await masked(() => deleteModelGroup(context, asked))
      if (result === 'not_found') throw new ModelRefused('model_group_unknown', { group: id })
      return c.body(null, 204)
    },
  )
}

function reads(api: Api, parts: ApiParts): void {
  api.openapi(
    plainRoute({
      method: 'get',
      path: BASE,
      params: NONE,
      summary: 'Model groups that let the caller in, by id.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ modelGroups: z.array(GroupAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const request = pageRequestOf(c.req.valid('query'))
      const page = await readModels(parts, c, 'model_groups/search', (reading) => listModelGroups(reading, request))
      return c.json({ modelGroups: page.items.map(groupBody), ...cursorOf(page) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: `${BASE}/{id}`,
      params: GROUP,
      summary: 'One model group. For whom it lets in.',
      query: NONE,
      status: 200,
      answer: GroupAnswer,
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const group = await masked(() =>
        readModels(parts, c, 'model_groups/get', (reading) => readModelGroup(reading, id)),
      )
      return c.json(groupBody(group), 200)
    },
  )
}

function groupBody({
  id,
  name: called,
  description,
  access,
  roles,
  owner,
  latestVersion,
  createdAt,
  updatedAt,
}: ModelGroup) {
  return {
    id,
    name: called,
    description,
    access,
    backendRoles: [...roles],
    ...(owner === undefined ? {} : { owner }),
    latestVersion,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
