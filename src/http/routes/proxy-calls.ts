// The proxies' endpoints in `/openapi.json`. They are answered before any routing (../proxy-calls.ts): nginx and forward-auth by GET
// and POST, Envoy by the caller's own method.
import { permissionOf } from '../permissions.ts'
import { type Api, plainRoute, IN_PATH, NONE } from '../route.ts'
import { z } from '@hono/zod-openapi'

const Empty = z.strictObject({}).openapi('ProxyAllowed')
const ENDPOINTS = [
  ['/authz/nginx', 'nginx auth_request: 200, 401 or 403, and what is meant in x-authz-status.'],
  ['/authz/forward-auth', 'Forward-auth of Traefik and Caddy: 200, or the status of the decision.'],
] as const

export function registerProxyCalls(api: Api): void {
  for (const [path, summary] of ENDPOINTS) {
    permissionOf('get', path)
    api.openAPIRegistry.registerPath(
      plainRoute({ method: 'get', path, params: NONE, query: NONE, summary, status: 200, answer: Empty }),
    )
  }
  const path = '/authz/envoy/{path}'
  permissionOf('get', path)
  const summary =
    'Envoy ext_authz over HTTP, with the path of the call behind the prefix: 200, or the status of the decision.'
  const params = z.strictObject({ path: IN_PATH })
  api.openAPIRegistry.registerPath(
    plainRoute({ method: 'get', path, params, query: NONE, summary, status: 200, answer: Empty }),
  )
}
