// Model groups for OpenSearch's clients: the bodies of its ML plugin, our acts behind them.
import { z } from '@hono/zod-openapi'
import { CodedError } from '../../domain/coded-error.ts'
import { NameTaken } from '../../domain/name-taken.ts'
import { deleteModelGroup, registerModelGroup, updateModelGroup } from '../../enrollment/model-groups.ts'
import { ModelRefused } from '../../enrollment/model-refused.ts'
import { everyPage, listModelGroups, readModelGroup } from '../../enrollment/model-views.ts'
import { askedOfModels, modelContextOf, readModels } from '../model-asker.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, type ApiContext, bodyRoute, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { plainText } from '../schema-parts.ts'
import { deletionDocument, GROUP_INDEX, groupDocument, searchDocument } from './document.ts'
import { type Search, SearchBody, searched, searchOfGet } from './search.ts'

/** Longer names stand in no console. */
const name = plainText(256).min(1)
const role = plainText(512).min(1)
const said = {
  description: plainText(4096).optional(),
  access_mode: plainText(64).optional(),
  backend_roles: z.array(role).max(1000).optional(),
  add_all_backend_roles: z.boolean().optional(),
}

const RegisterBody = z.strictObject({ name, ...said }).openapi('OpenSearchModelGroup')
const UpdateBody = z
  .strictObject({ name: name.optional(), ...said })
  .refine((body) => Object.keys(body).length > 0, 'says what to update')
  .openapi('OpenSearchModelGroupUpdate')

/** Documents of OpenSearch: their fields are its own. */
export const OpenSearchAnswer = z.looseObject({}).openapi('OpenSearchAnswer')

const GROUP = z.strictObject({ id: IN_PATH })
const BASE = '/_plugins/_ml/model_groups'

type Body = z.output<typeof UpdateBody>

function accessIn({ access_mode, backend_roles, add_all_backend_roles }: Body) {
  return { accessMode: access_mode, backendRoles: backend_roles, addAllBackendRoles: add_all_backend_roles }
}

export function openSearchGroupRoutes(parts: ApiParts): Api {
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
      path: `${BASE}/_register`,
      params: NONE,
      summary: 'Registers a model group (OpenSearch). By whoever holds the role for it.',
      body: RegisterBody,
      status: 200,
      answer: OpenSearchAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const wanted = { name: body.name, description: body.description ?? '', ...accessIn(body) }
      const group = await registerModelGroup(context, { ...(await askedOfModels(parts, c)), ...wanted })
      return c.json({ model_group_id: group.id, status: 'CREATED' }, 200)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'put',
      path: `${BASE}/{id}`,
      params: GROUP,
      summary: 'Updates a model group (OpenSearch). By whom it lets in; its access by its owner and administrators.',
      body: UpdateBody,
      status: 200,
      answer: OpenSearchAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const wanted = { id: c.req.valid('param').id, name: body.name, description: body.description, ...accessIn(body) }
      const asked = await askedOfModels(parts, c)
      await inAct('update', () => updateModelGroup(context, { ...asked, ...wanted }))
      return c.json({ status: 'Updated' }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: `${BASE}/{id}`,
      params: GROUP,
      summary: 'Deletes a model group without versions (OpenSearch). By whom it lets in.',
      query: NONE,
      status: 200,
      answer: OpenSearchAnswer,
    }),
    async (c) => {
      const asked = { ...(await askedOfModels(parts, c)), id: c.req.valid('param').id }
      const { id, result } = await inAct('delete', () => deleteModelGroup(context, asked))
      return c.json(deletionDocument(GROUP_INDEX, id, result), 200)
    },
  )
}

function reads(api: Api, parts: ApiParts): void {
  const search = {
    path: `${BASE}/_search`,
    params: NONE,
    summary: 'Searches the model groups that let the caller in (OpenSearch).',
    status: 200,
    answer: OpenSearchAnswer,
  } as const
  api.openapi(bodyRoute({ ...search, method: 'post', body: SearchBody }), async (c) =>
    c.json(await searchGroups(parts, c, c.req.valid('json')), 200),
  )
  api.openapi(plainRoute({ ...search, method: 'get', query: NONE }), async (c) =>
    c.json(await searchGroups(parts, c, await searchOfGet(c)), 200),
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: `${BASE}/{id}`,
      params: GROUP,
      summary: 'One model group (OpenSearch). For whom it lets in.',
      query: NONE,
      status: 200,
      answer: OpenSearchAnswer,
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const group = await readModels(parts, c, 'model_groups/get', (reading) => readModelGroup(reading, id))
      return c.json(groupDocument(group), 200)
    },
  )
}

async function searchGroups(parts: ApiParts, context: ApiContext, search: Search) {
  const started = performance.now()
  const groups = await readModels(parts, context, 'model_groups/search', (reading) =>
    everyPage((page) => listModelGroups(reading, page)),
  )
  const all = groups.map((group) => ({ id: group.id, source: groupDocument(group) }))
  const { hits, total } = searched(all, search)
  return searchDocument(GROUP_INDEX, hits, total, Math.floor(performance.now() - started))
}

/** OpenSearch words the same refusal by what was to be done. */
async function inAct<Result>(act: 'update' | 'delete', perform: () => Promise<Result>): Promise<Result> {
  try {
    return await perform()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const facts = { ...error.facts, act }
    if (error instanceof NameTaken) throw new NameTaken(error.code, facts)
    if (error instanceof ModelRefused) throw new ModelRefused(error.code, facts)
    throw error
  }
}
