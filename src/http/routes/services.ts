// Services over HTTP: added and changed by administrators, each seen by itself.
import { z } from '@hono/zod-openapi'
import type { Service } from '../../directory/entities.ts'
import { DirectoryRefused } from '../../directory/errors.ts'
import { actorOf } from '../../domain/caller.ts'
import { parseDnsName, parseServiceName } from '../../domain/dns-name.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseSystemUser } from '../../domain/system-user.ts'
import { putService } from '../../enrollment/directory-acts.ts'
import { removeService } from '../../enrollment/remove-service.ts'
import { administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery, ServiceBody } from '../schemas.ts'

const ServiceAnswer = z
  .strictObject({
    name: z.string(),
    dnsNames: z.array(z.string()),
    systemUser: z.string(),
    roles: z.array(z.string()),
    projects: z.array(z.string()),
    status: z.string(),
    createdAt: z.string(),
  })
  .openapi('Service')

export function serviceRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary: 'Adds a service, or replaces its settings. By an administrator.',
      body: ServiceBody,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const service = await putService(context, {
        ...(await askedOf(parts, c)),
        name: parseServiceName(c.req.valid('param').name, names),
        dnsNames: body.dnsNames.map((name) => parseDnsName(name, names)),
        systemUser: parseSystemUser(body.systemUser, names),
        roles: body.roles,
        projects: body.projects.map((project) => parseProjectName(project, names)),
        ifExists: body.ifExists,
      })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary:
        'Removes a service: revokes all it holds, ends its jobs and the deployments it serves. Its names stay taken. By an administrator.',
      query: NONE,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const name = parseServiceName(c.req.valid('param').name, names)
      const service = await removeService(context, { ...(await askedOf(parts, c)), name })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary: 'One service. For administrators and the service itself.',
      query: NONE,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const name = parseServiceName(c.req.valid('param').name, names)
      const caller = await callerIn(parts, c)
      if (actorOf(caller) !== `service:${name}`) await administratorOnly(parts, caller)
      const service = await parts.reader.read((view) => view.service(name, 'none'))
      if (service === undefined) throw new DirectoryRefused('service_unknown', { service: name })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/services',
      params: NONE,
      summary: 'Services, by name. For administrators.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ services: z.array(ServiceAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listServices(pageRequestOf(c.req.valid('query'))))
      return c.json({ services: page.items.map(serviceBody), ...cursorOf(page) }, 200)
    },
  )
  return api
}

function serviceBody({ name, dnsNames, systemUser, roles, projects, status, createdAt }: Service) {
  return {
    name,
    dnsNames: [...dnsNames],
    systemUser,
    roles: [...roles],
    projects: [...projects],
    status,
    createdAt: createdAt.toISOString(),
  }
}
