// Models over HTTP, one version at a time, in Signet's own words. Connectors are OpenSearch's: they are said at its paths, and shown at
// neither with a credential.
import { z } from '@hono/zod-openapi'
import type { Model } from '../../enrollment/model-store.ts'
import { listModels, readModel } from '../../enrollment/model-views.ts'
import { deleteModel, registerModel, setModelState, updateModel } from '../../enrollment/models.ts'
import { masked } from '../masked.ts'
import { askedOfModels, modelContextOf, readModels } from '../model-asker.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, bodyRoute, emptyRoute, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { instant, PageQuery, plainText, text } from '../schema-parts.ts'

const name = text('Of a hidden model also its id', 'fraud', 256)
const callsPerMinute = z.int().min(1).max(1_000_000_000).openapi({ description: 'All callers together' })
const said = {
  description: plainText(4096).optional(),
  enabled: z.boolean().optional(),
  callsPerMinute: callsPerMinute.optional(),
}
const ModelBody = z
  .strictObject({ name, modelGroup: plainText(512).min(1).optional(), ...said })
  .openapi('ModelRequest')
const ModelUpdateBody = z
  .strictObject({ name: name.optional(), ...said })
  .refine((body) => Object.keys(body).length > 0, 'says what to update')
  .openapi('ModelUpdate')
const state = z.enum(['registered', 'deployed'])
const ModelAnswer = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    version: z.int(),
    modelGroup: z.string().optional(),
    creator: z.string(),
    hidden: z.boolean(),
    enabled: z.boolean(),
    state,
    description: z.string(),
    callsPerMinute: z.int().optional(),
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi('Model')

const MODEL = z.strictObject({ id: IN_PATH })
const BASE = '/v1/models'

export function modelRoutes(parts: ApiParts): Api {
  const api = newApi()
  writes(api, parts)
  states(api, parts)
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
      summary: 'Registers a version of a model. By whom its group lets in; by a superadmin, a hidden one.',
      body: ModelBody,
      status: 201,
      answer: ModelAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { description = '', callsPerMinute: calls, modelGroup: group, enabled = true } = body
      const details = { description, functionName: 'remote', ...(calls === undefined ? {} : { callsPerMinute: calls }) }
      const wanted = { name: body.name, group, enabled, state: 'registered', details } as const
      const asked = { ...(await askedOfModels(parts, c)), ...wanted }
      return c.json(modelBody(await masked(() => registerModel(context, asked))), 201)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'put',
      path: `${BASE}/{id}`,
      params: MODEL,
      summary: 'Updates a model. By whom its group lets in.',
      body: ModelUpdateBody,
      status: 200,
      answer: ModelAnswer,
    }),
    async (c) => {
      const { description, callsPerMinute: calls, ...wanted } = c.req.valid('json')
      const details = {
        ...(description === undefined ? {} : { description }),
        ...(calls === undefined ? {} : { callsPerMinute: calls }),
      }
      const asked = { ...(await askedOfModels(parts, c)), ...wanted, details, id: c.req.valid('param').id }
      return c.json(modelBody(await masked(() => updateModel(context, asked))), 200)
    },
  )
  api.openapi(
    emptyRoute({
      method: 'delete',
      path: `${BASE}/{id}`,
      params: MODEL,
      summary: 'Deletes a model that is not deployed; the last version takes its group along.',
    }),
    async (c) => {
      const asked = { ...(await askedOfModels(parts, c)), id: c.req.valid('param').id }
      await masked(() => deleteModel(context, asked))
      return c.body(null, 204)
    },
  )
}

function states(api: Api, parts: ApiParts): void {
  const context = modelContextOf(parts)
  api.openapi(
    bodyRoute({
      method: 'put',
      path: `${BASE}/{id}/state`,
      params: MODEL,
      summary: 'Deploys a model, or takes it back. By whom its group lets in.',
      body: z.strictObject({ state }).openapi('ModelState'),
      status: 200,
      answer: ModelAnswer,
    }),
    async (c) => {
      const asked = { ...(await askedOfModels(parts, c)), ...c.req.valid('json'), id: c.req.valid('param').id }
      return c.json(modelBody(await masked(() => setModelState(context, asked))), 200)
    },
  )
}

function reads(api: Api, parts: ApiParts): void {
  api.openapi(
    plainRoute({
      method: 'get',
      path: BASE,
      params: NONE,
      summary: 'Models that the caller may see, by id; hidden ones are in no list.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ models: z.array(ModelAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const request = pageRequestOf(c.req.valid('query'))
      const page = await readModels(parts, c, 'models/search', (reading) => listModels(reading, request))
      return c.json({ models: page.items.map(modelBody), ...cursorOf(page) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: `${BASE}/{id}`,
      params: MODEL,
      summary: 'One model. For whom its group lets in; a hidden one for superadmins.',
      query: NONE,
      status: 200,
      answer: ModelAnswer,
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const model = await masked(() => readModels(parts, c, 'models/get', (reading) => readModel(reading, id)))
      return c.json(modelBody(model), 200)
    },
  )
}

function modelBody(model: Model) {
  const { id, name: called, version, group, creator, hidden, enabled, details, createdAt, updatedAt } = model
  return {
    id,
    name: called,
    version,
    ...(group === undefined ? {} : { modelGroup: group }),
    creator,
    hidden,
    enabled,
    state: model.state,
    description: details.description,
    ...(details.callsPerMinute === undefined ? {} : { callsPerMinute: details.callsPerMinute }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
