// The register of sidecars over HTTP: kept by administrators, and by owners of the projects whose deployments one stands in
// front of.
import { z } from '@hono/zod-openapi'
import type { Sidecar } from '../../directory/sidecar-store.ts'
import { parseDeploymentName } from '../../domain/deployment-name.ts'
import { parseServiceName } from '../../domain/dns-name.ts'
import { parseSidecarName } from '../../domain/sidecar-name.ts'
import { deleteSidecar, putSidecar, visibleSidecar } from '../../enrollment/sidecars.ts'
import { administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery, text } from '../schema-parts.ts'

/** One process fronts a few models; more make its snapshot large. */
const MAX_DEPLOYMENTS = 100

const SidecarBody = z
  .strictObject({
    service: text('The service whose certificate the sidecar shows', 'model-1.internal', 255),
    deployments: z
      .array(text('A deployment that this service serves', 'resnet', 255))
      .min(1)
      .max(MAX_DEPLOYMENTS),
  })
  .openapi('SidecarRequest')

const SidecarAnswer = z
  .strictObject({ name: z.string(), service: z.string(), deployments: z.array(z.string()), status: z.string() })
  .openapi('Sidecar')

const NAMED = z.strictObject({ name: IN_PATH })

export function sidecarRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/sidecars/{name}',
      params: NAMED,
      summary: 'Registers a sidecar, or replaces what it stands in front of: deployments that its service serves.',
      body: SidecarBody,
      status: 200,
      answer: SidecarAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const wanted = {
        name: parseSidecarName(c.req.valid('param').name, names),
        service: parseServiceName(body.service, names),
        deployments: [...new Set(body.deployments)].map((name) => parseDeploymentName(name, names)),
      }
      return c.json(sidecarBody(await putSidecar(context, { ...(await askedOf(parts, c)), wanted })), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/sidecars',
      params: NONE,
      summary: 'Sidecars, by name. For administrators.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ sidecars: z.array(SidecarAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listSidecars(pageRequestOf(c.req.valid('query'))))
      return c.json({ sidecars: page.items.map(sidecarBody), ...cursorOf(page) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/sidecars/{name}',
      params: NAMED,
      summary: 'One sidecar, for its service, an owner of all its projects and administrators.',
      query: NONE,
      status: 200,
      answer: SidecarAnswer,
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      const name = parseSidecarName(c.req.valid('param').name, names)
      return c.json(sidecarBody(await visibleSidecar(context, caller, name)), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: '/v1/sidecars/{name}',
      params: NAMED,
      summary: 'Takes a sidecar away: it refuses every call from then on. By whoever may register it.',
      query: NONE,
      status: 200,
      answer: SidecarAnswer,
    }),
    async (c) => {
      const name = parseSidecarName(c.req.valid('param').name, names)
      return c.json(sidecarBody(await deleteSidecar(context, { ...(await askedOf(parts, c)), name })), 200)
    },
  )
  return api
}

function sidecarBody({ name, service, deployments, status }: Sidecar) {
  return { name, service, deployments: [...deployments], status }
}
