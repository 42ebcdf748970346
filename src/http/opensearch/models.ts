// Models for OpenSearch's clients: registered version by version, deployed, found and asked. Signet runs none: it asks where a model's
// connector leads.
import { randomUUID } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { deleteModel, registerModel, setModelState, updateModel } from '../../enrollment/models.ts'
import { everyPage, listModels, readModel } from '../../enrollment/model-views.ts'
import { slowDigest } from '../deployment-body.ts'
import { askedOfModels, modelContextOf, readModels } from '../model-asker.ts'
import type { ApiParts } from '../parts.ts'
import { predict } from '../predict.ts'
import { type Api, type ApiContext, bodyQueryRoute, bodyRoute, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { plainText } from '../schema-parts.ts'
import { deletionDocument, MODEL_INDEX, modelDocument, searchDocument } from './document.ts'
import { credentialsIn, detailsIn, RegisterModelBody, UpdateModelBody } from './model-body.ts'
import { OpenSearchAnswer } from './model-groups.ts'
import { type Search, SearchBody, searched, searchOfGet } from './search.ts'

const MODEL = z.strictObject({ id: IN_PATH })
const BASE = '/_plugins/_ml/models'
const DeployQuery = z.strictObject({ deploy: z.enum(['true', 'false']).default('false') })
const ANSWERED = { status: 200, answer: OpenSearchAnswer } as const

const PredictBody = z
  .strictObject({ parameters: z.record(plainText(64), z.union([z.string(), z.number(), z.boolean()])).default({}) })
  .openapi('OpenSearchPrediction')

export function openSearchModelRoutes(parts: ApiParts): Api {
  const api = newApi()
  registering(api, parts)
  changing(api, parts)
  states(api, parts)
  reads(api, parts)
  asking(api, parts)
  return api
}

function registering(api: Api, parts: ApiParts): void {
  const context = modelContextOf(parts)
  api.openapi(
    bodyQueryRoute({
      method: 'post',
      path: `${BASE}/_register`,
      params: NONE,
      query: DeployQuery,
      summary: 'Registers a version of a model (OpenSearch). By whom its group lets in; by a superadmin, a hidden one.',
      body: RegisterModelBody,
      ...ANSWERED,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const model = await registerModel(context, {
        ...(await askedBeside(parts, c, body)),
        name: body.name,
        group: body.model_group_id,
        enabled: body.is_enabled ?? true,
        state: c.req.valid('query').deploy === 'true' ? 'deployed' : 'registered',
        details: { description: '', functionName: body.function_name, ...detailsIn(body) },
        credentials: credentialsIn(body),
      })
      return c.json({ task_id: randomUUID(), status: 'CREATED', model_id: model.id }, 200)
    },
  )
}

function changing(api: Api, parts: ApiParts): void {
  const context = modelContextOf(parts)
  api.openapi(
    bodyRoute({
      method: 'put',
      path: `${BASE}/{id}`,
      params: MODEL,
      summary: 'Updates a model (OpenSearch). By whom its group lets in.',
      body: UpdateModelBody,
      ...ANSWERED,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { id } = c.req.valid('param')
      await updateModel(context, {
        ...(await askedBeside(parts, c, body)),
        id,
        name: body.name,
        enabled: body.is_enabled,
        details: detailsIn(body),
        credentials: credentialsIn(body),
      })
      return c.json({ ...deletionDocument(MODEL_INDEX, id, 'deleted'), result: 'updated' }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: `${BASE}/{id}`,
      params: MODEL,
      query: NONE,
      summary: 'Deletes a model that is not deployed (OpenSearch); the last version takes its group along.',
      ...ANSWERED,
    }),
    async (c) => {
      const { id } = await deleteModel(context, { ...(await askedOfModels(parts, c)), id: c.req.valid('param').id })
      return c.json(deletionDocument(MODEL_INDEX, id, 'deleted'), 200)
    },
  )
}

/** A digest that is kept of a body with credentials is a slow one. */
async function askedBeside(parts: ApiParts, c: ApiContext, body: Parameters<typeof credentialsIn>[0]) {
  const asked = await askedOfModels(parts, c)
  const holdsSecret = Object.keys(credentialsIn(body) ?? {}).length > 0
  return holdsSecret ? { ...asked, idempotent: await slowDigest(asked.idempotent) } : asked
}

function states(api: Api, parts: ApiParts): void {
  const context = modelContextOf(parts)
  const common = { method: 'post', params: MODEL, query: NONE, ...ANSWERED } as const
  api.openapi(
    plainRoute({ ...common, path: `${BASE}/{id}/_deploy`, summary: 'Deploys a model (OpenSearch): it may be asked.' }),
    async (c) => {
      const asked = { ...(await askedOfModels(parts, c)), id: c.req.valid('param').id, state: 'deployed' } as const
      await setModelState(context, asked)
      return c.json({ task_id: randomUUID(), task_type: 'DEPLOY_MODEL', status: 'COMPLETED' }, 200)
    },
  )
  api.openapi(
    plainRoute({ ...common, path: `${BASE}/{id}/_undeploy`, summary: 'Undeploys a model (OpenSearch).' }),
    async (c) => {
      const asked = { ...(await askedOfModels(parts, c)), id: c.req.valid('param').id, state: 'registered' } as const
      const { id } = await setModelState(context, asked)
      return c.json({ signet: { stats: { [id]: 'undeployed' } } }, 200)
    },
  )
}

function reads(api: Api, parts: ApiParts): void {
  const search = {
    path: `${BASE}/_search`,
    params: NONE,
    summary: 'Searches the models that the caller may see (OpenSearch); hidden ones are in no answer.',
    ...ANSWERED,
  } as const
  api.openapi(bodyRoute({ ...search, method: 'post', body: SearchBody }), async (c) =>
    c.json(await searchModels(parts, c, c.req.valid('json')), 200),
  )
  api.openapi(plainRoute({ ...search, method: 'get', query: NONE }), async (c) =>
    c.json(await searchModels(parts, c, await searchOfGet(c)), 200),
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: `${BASE}/{id}`,
      params: MODEL,
      query: NONE,
      summary: 'One model (OpenSearch). For whom its group lets in; a hidden one for superadmins.',
      ...ANSWERED,
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      return c.json(modelDocument(await readModels(parts, c, 'models/get', (reading) => readModel(reading, id))), 200)
    },
  )
}

function asking(api: Api, parts: ApiParts): void {
  api.openapi(
    bodyRoute({
      method: 'post',
      path: `${BASE}/{id}/_predict`,
      params: MODEL,
      summary: 'Asks a model (OpenSearch): answers what its connector answers.',
      body: PredictBody,
      ...ANSWERED,
    }),
    async (c) => {
      const { parameters } = c.req.valid('json')
      const answer = await predict(parts, c, c.req.valid('param').id, parameters)
      const output = [{ name: 'response', dataAsMap: answer }]
      return c.json({ inference_results: [{ output, status_code: 200 }] }, 200)
    },
  )
}

async function searchModels(parts: ApiParts, context: ApiContext, search: Search) {
  const started = performance.now()
  const models = await readModels(parts, context, 'models/search', (reading) =>
    everyPage((page) => listModels(reading, page)),
  )
  const all = models.map((model) => ({ id: model.id, source: modelDocument(model) }))
  const { hits, total } = searched(all, search)
  return searchDocument(MODEL_INDEX, hits, total, Math.floor(performance.now() - started))
}
