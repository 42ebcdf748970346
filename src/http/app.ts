// The applications behind the listeners: which routes each serves, and what every request passes before its route.
import { Hono } from 'hono'
import { routePath } from 'hono/route'
import type { Shelved } from '../revocation/crl-shelf.ts'
import { FORM_PATHS } from './form-body.ts'
import { guardOf, guardRequest } from './guards.ts'
import { oauthErrorOf } from './oauth-error.ts'
import { openApiShelved } from './openapi.ts'
import { isOcspPath, OCSP_ERROR_OF, ocspErrorResponse } from './ocsp-wire.ts'
import type { ApiEnvironment, ApiParts } from './parts.ts'
import { problemFrom, problemResponse } from './problem.ts'
import { makeRequestId } from './request-id.ts'
import { isWrite, REVISION_HEADER, revisionOf } from './revision.ts'
import { type Api, type ApiContext, newApi } from './route.ts'
import { accountRoutes } from './routes/accounts.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { auditRoutes } from './routes/audit.ts'
import { authorizeRoutes } from './routes/authorize.ts'
import { authzenRoutes } from './routes/authzen.ts'
import { registerProxyCalls } from './routes/proxy-calls.ts'
import { certificateRoutes } from './routes/certificates.ts'
import { deploymentRoutes } from './routes/deployments.ts'
import { custodyRoutes } from './routes/custody.ts'
import { directorySyncRoutes } from './routes/directory-sync.ts'
import { openSearchError, isOpenSearchPath } from './opensearch/error-response.ts'
import { openSearchGroupRoutes } from './opensearch/model-groups.ts'
import { openSearchModelRoutes } from './opensearch/models.ts'
import { openSearchRoleRoutes } from './opensearch/roles.ts'
import { modelGroupRoutes } from './routes/model-groups.ts'
import { modelRoutes } from './routes/models.ts'
import { settingRoutes } from './routes/settings.ts'
import { jobRoutes } from './routes/jobs.ts'
import { loginCodeRoutes } from './routes/login-code.ts'
import { meRoutes } from './routes/me.ts'
import { memberRoutes } from './routes/members.ts'
import { negotiateRoutes } from './routes/negotiate.ts'
import { ocspRoutes } from './routes/ocsp.ts'
import { pkiRoutes, trustRoutes } from './routes/pki.ts'
import { projectRoutes } from './routes/projects.ts'
import { redirectSignInRoutes } from './routes/redirect-sign-in.ts'
import { proxyRoutes } from './routes/proxies.ts'
import { renewalRoutes } from './routes/renewal.ts'
import { requesterRoutes } from './routes/requesters.ts'
import { groupRoutes } from './routes/groups.ts'
import { revocationRoutes } from './routes/revocations.ts'
import { serviceRoutes } from './routes/services.ts'
import { sidecarFeedRoutes } from './routes/sidecar-feed.ts'
import { sidecarRoutes } from './routes/sidecars.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { statusRoutes } from './routes/status.ts'
import { tokenExchangeRoutes } from './routes/token-exchange.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { userLinkRoutes } from './routes/user-links.ts'
import { userRoutes } from './routes/users.ts'
import { wellKnownRoutes } from './routes/well-known.ts'
import { shelvedResponse } from './shelved-response.ts'

const OPENAPI = { contentType: 'application/json', maxAgeSeconds: 300, dates: 'rising' } as const

/** HTTPS, for programs: everything that is not answered before (decisions-first.ts). */
export function apiApp(parts: ApiParts): Api {
  const app = newApi()
  guard(app, parts, { listener: 'programs', origin: parts.publicUrl })
  app.route('/', pkiRoutes(parts))
  app.route('/', ocspRoutes(parts))
  app.route('/', trustRoutes(parts))
  app.route('/', wellKnownRoutes(parts))
  app.route('/', statusRoutes(parts))
  app.route('/', auditRoutes(parts))
  app.route('/', certificateRoutes(parts))
  app.route('/', renewalRoutes(parts))
  app.route('/', requesterRoutes(parts))
  app.route('/', userRoutes(parts))
  app.route('/', projectRoutes(parts))
  app.route('/', memberRoutes(parts))
  app.route('/', custodyRoutes(parts))
  app.route('/', accountRoutes(parts))
  app.route('/', apiKeyRoutes(parts))
  app.route('/', serviceRoutes(parts))
  app.route('/', deploymentRoutes(parts))
  app.route('/', proxyRoutes(parts))
  app.route('/', sidecarRoutes(parts))
  app.route('/', modelGroupRoutes(parts))
  app.route('/', modelRoutes(parts))
  app.route('/', settingRoutes(parts))
  app.route('/', openSearchGroupRoutes(parts))
  app.route('/', openSearchModelRoutes(parts))
  app.route('/', openSearchRoleRoutes(parts))
  app.route('/', sidecarFeedRoutes(parts))
  app.route('/', revocationRoutes(parts))
  app.route('/', jobRoutes(parts))
  app.route('/', meRoutes(parts))
  app.route('/', signInRoutes(parts))
  app.route('/', negotiateRoutes(parts))
  app.route('/', redirectSignInRoutes(parts))
  app.route('/', loginCodeRoutes(parts))
  app.route('/', userLinkRoutes(parts))
  app.route('/', groupRoutes(parts))
  app.route('/', directorySyncRoutes(parts))
  app.route('/', tokenRoutes(parts))
  app.route('/', tokenExchangeRoutes(parts))
  app.route('/', authorizeRoutes(parts))
  app.route('/', authzenRoutes(parts))
  registerProxyCalls(app)
  let document: Shelved | undefined
  app.get('/openapi.json', (c) => {
    document ??= openApiShelved(app, parts)
    return shelvedResponse(c.req.raw, document, OPENAPI, parts.context.clock.now())
  })
  return app
}

/** HTTPS for browsers, on a listener that never asks for a client certificate: what is public, and no identity but sign-in. */
export function browserApp(parts: ApiParts): Hono<ApiEnvironment> {
  const app = new Hono<ApiEnvironment>()
  guard(app, parts, { listener: 'browser', origin: parts.signIn.browserUrl })
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.route('/', pkiRoutes(parts))
  app.route('/', ocspRoutes(parts))
  app.route('/', trustRoutes(parts))
  app.route('/', wellKnownRoutes(parts))
  app.route('/', statusRoutes(parts))
  app.route('/', auditRoutes(parts))
  app.route('/', certificateRoutes(parts))
  app.route('/', requesterRoutes(parts))
  app.route('/', userRoutes(parts))
  app.route('/', projectRoutes(parts))
  app.route('/', memberRoutes(parts))
  app.route('/', serviceRoutes(parts))
  app.route('/', deploymentRoutes(parts))
  app.route('/', meRoutes(parts))
  app.route('/', signInRoutes(parts))
  app.route('/', negotiateRoutes(parts))
  app.route('/', redirectSignInRoutes(parts))
  app.route('/', userLinkRoutes(parts))
  app.route('/', groupRoutes(parts))
  return app
}

/** Plain HTTP, for everyone: only what carries its own signature, and whether the process lives. */
export function publicApp(parts: ApiParts): Hono<ApiEnvironment> {
  const app = new Hono<ApiEnvironment>()
  guard(app, parts, { listener: 'programs', origin: parts.publicUrl })
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.route('/', pkiRoutes(parts))
  app.route('/', ocspRoutes(parts))
  return app
}

/** Which credentials a listener takes, and the origin of its own pages. */
interface Front {
  readonly listener: 'programs' | 'browser'
  readonly origin: string
}

function guard(app: Hono<ApiEnvironment>, parts: ApiParts, front: Front): void {
  app.use(async (c, next) => {
    const started = performance.now()
    const { incoming, outgoing } = c.env
    const requestId = makeRequestId()
    c.set('requestId', requestId)
    c.set('listener', front.listener)
    // On the answer's own header list: `c.header` after the route would copy the whole Response.
    outgoing.setHeader('x-request-id', requestId)
    // Only the HTTPS listener has callers; over plain HTTP no route looks at the socket's certificate.
    c.set('socket', incoming.socket)
    const refused = refusedBefore(c, parts, front)
    if (refused !== undefined) {
      // The route that it would have come to; the guard alone matches what has none.
      observe(c, parts, routePath(c, 1) || routePath(c), refused.status, started)
      return refused
    }
    await next()
    if (c.res.ok && isWrite(c.req.method, c.req.path)) {
      outgoing.setHeader(REVISION_HEADER, revisionOf(parts.snapshot))
    }
    observe(c, parts, routePath(c), c.res.status, started)
    return undefined
  })
  app.notFound((c) =>
    (isOpenSearchPath(c.req.path) ? openSearchError : problemResponse)('not_found', {}, c.get('requestId')),
  )
  app.onError((error, c) => refusal(error, c, parts))
}

/** What no route is asked about. */
function refusedBefore(c: ApiContext, parts: ApiParts, { origin }: Front): Response | undefined {
  try {
    guardRequest(c.env.incoming, c.req.path, guardOf(parts, origin))
    return undefined
  } catch (error) {
    return refusal(error, c, parts)
  }
}

function refusal(error: unknown, c: ApiContext, parts: ApiParts): Response {
  const requestId = c.get('requestId')
  const { code, facts, headers } = problemFrom(error)
  if (code === 'internal') parts.observer.failed(error, { requestId, route: routePath(c) })
  parts.observer.refused(code)
  const ocspError = isOcspPath(c.req.path) ? OCSP_ERROR_OF.get(code) : undefined
  if (ocspError !== undefined) return ocspErrorResponse(ocspError, headers)
  if (isOpenSearchPath(c.req.path)) return openSearchError(code, facts, requestId, headers)
  // Where OAuth's clients come, OAuth's word too.
  const more = FORM_PATHS.has(c.req.path) ? { error: oauthErrorOf(code) } : {}
  return problemResponse(code, facts, requestId, headers, more)
}

function observe(c: ApiContext, { observer }: ApiParts, route: string, status: number, started: number): void {
  observer.request(route, c.req.method, status, (performance.now() - started) / 1000)
}
