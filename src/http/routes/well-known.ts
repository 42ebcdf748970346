// Token issuer metadata and keys, for everyone: discovery (OpenID Connect Discovery 1.0 §4, RFC 8414) and JWKS (RFC 7517).
import { Hono } from 'hono'
import { discoveryDocument } from '../../tokens/discovery.ts'
import type { ApiEnvironment, ApiParts } from '../parts.ts'

export function wellKnownRoutes(parts: ApiParts): Hono<ApiEnvironment> {
  const routes = new Hono<ApiEnvironment>()
  const maxAge = `public, max-age=${String(parts.context.policy.credentials.token.jwksMaxAgeSeconds)}`
  routes.get('/.well-known/jwks.json', (c) =>
    c.json(parts.tokens.keys.jwks(parts.context.clock.now()), 200, { 'cache-control': maxAge }),
  )
  for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
    routes.get(path, (c) =>
      c.json(discoveryDocument(parts.publicUrl, parts.tokens.keys.algorithms), 200, { 'cache-control': maxAge }),
    )
  }
  return routes
}
