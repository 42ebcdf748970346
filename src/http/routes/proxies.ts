// Registered proxies over HTTP: all of it is for administrators.
import { z } from '@hono/zod-openapi'
import { type Proxy, ProxyRefused } from '../../directory/proxy-store.ts'
import { CERTIFICATE_DIALECTS } from '../../domain/access-policy.ts'
import { parseDeploymentName } from '../../domain/deployment-name.ts'
import { parseServiceName } from '../../domain/dns-name.ts'
import { parseProxyName } from '../../domain/proxy-name.ts'
import { deleteProxy, putProxy } from '../../enrollment/proxies.ts'
import { administratorOnly } from '../administrator-only.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import { text } from '../schema-parts.ts'

/** Proxies in a row that each add an element. More than a mesh behind a gateway behind a cloud's balancer. */
const MAX_HOPS = 10

const certificateHeader = z.enum(CERTIFICATE_DIALECTS).openapi({
  description: 'The one form in which it tells of the certificate it saw; none: it may not vouch for any',
  example: 'nginx',
})

const ProxyBody = z
  .strictObject({
    service: text('The service whose certificate it shows', 'gateway.internal', 255),
    certificateHeader,
    hops: z
      .int()
      .min(0)
      .max(MAX_HOPS)
      .default(0)
      .openapi({ description: 'Proxies between it and the client that add an element each to what it tells' }),
    deployments: z
      .union([z.literal('all'), z.array(text('A deployment', 'resnet', 255)).max(10_000)])
      .openapi({ description: 'For which it speaks', example: ['resnet'] }),
  })
  .openapi('ProxyRequest')

const ProxyAnswer = z
  .strictObject({
    name: z.string(),
    service: z.string(),
    certificateHeader,
    hops: z.int(),
    deployments: z.union([z.literal('all'), z.array(z.string())]),
  })
  .openapi('Proxy')

const NAMED = z.strictObject({ name: IN_PATH })

export function proxyRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/proxies/{name}',
      params: NAMED,
      summary: 'Registers a proxy, or replaces what it may say. By an administrator.',
      body: ProxyBody,
      status: 200,
      answer: ProxyAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { deployments } = body
      const wanted = {
        name: parseProxyName(c.req.valid('param').name),
        service: parseServiceName(body.service, names),
        certificateDialect: body.certificateHeader,
        hops: body.hops,
        deployments:
          deployments === 'all' ? deployments : [...new Set(deployments)].map((d) => parseDeploymentName(d, names)),
      }
      return c.json(proxyBody(await putProxy(context, { ...(await askedOf(parts, c)), wanted })), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/proxies/{name}',
      params: NAMED,
      summary: 'One registered proxy. For administrators.',
      query: NONE,
      status: 200,
      answer: ProxyAnswer,
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const name = parseProxyName(c.req.valid('param').name)
      const found = await parts.reader.read((view) => view.proxy(name, 'none'))
      if (found === undefined) throw new ProxyRefused('proxy_unknown', { proxy: name })
      return c.json(proxyBody(found), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: '/v1/proxies/{name}',
      params: NAMED,
      summary: 'Takes a proxy out of the register: what it says is worth nothing from then on. By an administrator.',
      query: NONE,
      status: 200,
      answer: ProxyAnswer,
    }),
    async (c) => {
      const name = parseProxyName(c.req.valid('param').name)
      return c.json(proxyBody(await deleteProxy(context, { ...(await askedOf(parts, c)), name })), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/proxies',
      params: NONE,
      summary: 'The registered proxies, by name. For administrators.',
      query: NONE,
      status: 200,
      answer: z.strictObject({ proxies: z.array(ProxyAnswer) }),
    }),
    async (c) => {
      await administratorOnly(parts, await callerIn(parts, c))
      const proxies = await parts.reader.read((view) => view.listProxies())
      return c.json({ proxies: proxies.map(proxyBody) }, 200)
    },
  )
  return api
}

function proxyBody({ name, service, certificateDialect, hops, deployments }: Proxy) {
  return {
    name,
    service,
    certificateHeader: certificateDialect,
    hops,
    deployments: deployments === 'all' ? deployments : [...deployments],
  }
}
