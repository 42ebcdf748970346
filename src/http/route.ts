// How routes are declared here: the schema in, the schema out, and problem documents for everything else.
import { createRoute, OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import { createHash } from 'node:crypto'
import type { Context, Handler } from 'hono'
import type { RequestOrigin } from '../enrollment/act-context.ts'
import type { IdempotentRequest } from '../enrollment/idempotency.ts'
import type { Caller } from '../domain/caller.ts'
import { apiKeyCallerOf, presentsApiKey } from './api-key.ts'
import { callerOf } from './authenticate.ts'
import { bearerOf } from './bearer.ts'
import { FORM_TYPE, parseForm } from './form-body.ts'
import type { ApiEnvironment, ApiParts } from './parts.ts'
import { permissionOf, requirePermitted } from './permissions.ts'
import { HttpRefused } from './problem.ts'
import { browserCallerOf, programSessionOf, showsSession } from './session-caller.ts'
import { isWrite, REVISION_IN_ANSWER } from './revision.ts'
import { plainText, ProblemBody } from './schema-parts.ts'

export type ApiContext = Context<ApiEnvironment>

export function newApi(): Api {
  return new Api()
}

type Target = 'param' | 'query' | 'json' | 'form'

/**
 * Routes with their schemas. What a request brings is checked in one synchronous look before the handler: the framework's
 * own validators are up to four middlewares, each with promises of its own.
 */
export class Api extends OpenAPIHono<ApiEnvironment> {
  override openapi = ((route: RouteConfig & { getRoutingPath(): string }, handler: Handler<ApiEnvironment>) => {
    this.openAPIRegistry.registerPath(route)
    const { params, query, body } = route.request ?? {}
    const json = schemaOf(body, 'application/json')
    const form = schemaOf(body, FORM_TYPE)
    const permission = permissionOf(route.method, route.path)
    return this.on([route.method], [route.getRoutingPath()], async (c, next) => {
      c.set('permission', permission)
      if (isSchema(params)) take(c, 'param', params, c.req.param())
      if (isSchema(query)) take(c, 'query', query, queryOf(c))
      if (isSchema(json)) take(c, 'json', json, await jsonOf(c))
      if (isSchema(form)) take(c, 'form', form, parseForm(await textOf(c)))
      return (await handler(c, next)) as Response
    })
    // Its own type is that of a function that is handed any route; ours are all made below.
  }) as unknown as OpenAPIHono<ApiEnvironment>['openapi']
}

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>

function schemaOf(body: Body | undefined, type: 'application/json' | typeof FORM_TYPE): unknown {
  const media = body?.content[type]
  return media !== undefined && 'schema' in media ? media.schema : undefined
}

function isSchema(schema: unknown): schema is z.ZodType {
  return schema instanceof z.ZodType
}

/** Keeps what passes the schema for `c.req.valid(target)`. Throws `HttpRefused`. */
function take(c: ApiContext, target: Target, schema: z.ZodType, value: unknown): void {
  const result = schema.safeParse(value)
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`)
    throw new HttpRefused(target === 'json' || target === 'form' ? 'body_rejected' : 'parameter_rejected', { faults })
  }
  c.req.addValidatedData(target, result.data as object)
}

/** A parameter that is given twice is a list here, which no schema takes. */
function queryOf(c: ApiContext): object {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  )
}

/** A request without a body has an empty one. Throws `HttpRefused`. */
async function jsonOf(c: ApiContext): Promise<unknown> {
  const text = await textOf(c)
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpRefused('body_malformed')
  }
}

/** Throws `HttpRefused` when the client broke it off: nobody reads the answer, but it is no fault of ours. */
async function textOf({ req, env }: ApiContext): Promise<string> {
  try {
    return await req.text()
  } catch (error) {
    throw env.incoming.destroyed && !env.incoming.complete ? new HttpRefused('request_unreadable') : error
  }
}

/** A route without path parameters, or without a query. */
export const NONE = z.strictObject({})

/** Path parameters are texts here; the parsers of domain/ make names of them. */
export const IN_PATH = plainText(512)

const PROBLEMS_OF_A_ROUTE = {
  default: { description: 'Refused', content: { 'application/problem+json': { schema: ProblemBody } } },
} as const

interface RouteSpec<
  Method extends string,
  Path extends string,
  Status extends number,
  Parameters extends z.ZodObject,
  Answer extends z.ZodType,
> {
  readonly method: Method
  readonly path: Path
  /** Of the path; `NONE` without. */
  readonly params: Parameters
  readonly summary: string
  readonly status: Status
  readonly answer: Answer
}

/** A route with a JSON body. */
export function bodyRoute<
  Method extends 'post' | 'put',
  Path extends string,
  Status extends 200 | 201,
  Parameters extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(spec: RouteSpec<Method, Path, Status, Parameters, Answer> & { readonly body: Body }) {
  return createRoute({
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    request: { params: spec.params, body: { required: true, content: { 'application/json': { schema: spec.body } } } },
    responses: responsesOf(spec),
  })
}

/** A route with a JSON body and a query. */
export function bodyQueryRoute<
  Method extends 'post' | 'put',
  Path extends string,
  Status extends 200 | 201,
  Parameters extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(spec: RouteSpec<Method, Path, Status, Parameters, Answer> & { readonly body: Body; readonly query: Query }) {
  return createRoute({
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    request: {
      params: spec.params,
      query: spec.query,
      body: { required: true, content: { 'application/json': { schema: spec.body } } },
    },
    responses: responsesOf(spec),
  })
}

/** A route whose body is a form; its path stands in `FORM_PATHS`. */
export function formRoute<
  Path extends string,
  Status extends 200 | 201,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(spec: Omit<RouteSpec<'post', Path, Status, typeof NONE, Answer>, 'params'> & { readonly body: Body }) {
  return createRoute({
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    request: { body: { required: true, content: { [FORM_TYPE]: { schema: spec.body } } } },
    responses: responsesOf(spec),
  })
}

/** A route without a body, and with a query when it lists something. */
export function plainRoute<
  Method extends 'get' | 'post' | 'delete',
  Path extends string,
  Status extends 200 | 201,
  Parameters extends z.ZodObject,
  Query extends z.ZodObject,
  Answer extends z.ZodType,
>(spec: RouteSpec<Method, Path, Status, Parameters, Answer> & { readonly query: Query }) {
  return createRoute({
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    request: { params: spec.params, query: spec.query },
    responses: responsesOf(spec),
  })
}

/** A route that sends a browser elsewhere. */
export function redirectRoute<
  Path extends string,
  Status extends 302 | 303,
  Parameters extends z.ZodObject,
  Query extends z.ZodObject,
>(spec: {
  readonly path: Path
  readonly params: Parameters
  readonly query: Query
  readonly summary: string
  readonly status: Status
}) {
  const { path, params, query, summary, status } = spec
  return createRoute({
    method: 'get',
    path,
    summary,
    request: { params, query },
    responses: { [status]: { description: summary }, ...PROBLEMS_OF_A_ROUTE } as Record<
      Status,
      { description: string }
    > &
      typeof PROBLEMS_OF_A_ROUTE,
  })
}

/** A route that answers once, or with events for as long as both sides like. */
export function eventRoute<
  Path extends string,
  Parameters extends z.ZodObject,
  Query extends z.ZodObject,
  Answer extends z.ZodType,
>(spec: Omit<RouteSpec<'get', Path, 200, Parameters, Answer>, 'method' | 'status'> & { readonly query: Query }) {
  const { path, params, query, summary, answer } = spec
  const content = { 'application/json': { schema: answer }, 'text/event-stream': { schema: z.string() } }
  return createRoute({
    method: 'get',
    path,
    summary,
    request: { params, query },
    responses: { 200: { description: summary, content }, ...PROBLEMS_OF_A_ROUTE } as Record<
      200,
      { description: string }
    > &
      typeof PROBLEMS_OF_A_ROUTE,
  })
}

/** A route that answers 204 and nothing. */
export function emptyRoute<Path extends string, Parameters extends z.ZodObject>(spec: {
  readonly method: 'delete'
  readonly path: Path
  readonly params: Parameters
  readonly summary: string
}) {
  const { method, path, summary, params } = spec
  return createRoute({
    method,
    path,
    summary,
    request: { params, query: NONE },
    responses: { 204: { description: summary, headers: REVISION_IN_ANSWER }, ...PROBLEMS_OF_A_ROUTE },
  })
}

function responsesOf<Status extends number, Answer extends z.ZodType>({
  method,
  path,
  status,
  summary,
  answer,
}: {
  readonly method: string
  readonly path: string
  readonly status: Status
  readonly summary: string
  readonly answer: Answer
}) {
  const headers = isWrite(method, path) ? { headers: REVISION_IN_ANSWER } : {}
  return {
    [status]: { description: summary, ...headers, content: { 'application/json': { schema: answer } } },
    ...PROBLEMS_OF_A_ROUTE,
  } as Record<Status, { description: string; content: { 'application/json': { schema: Answer } } }> &
    typeof PROBLEMS_OF_A_ROUTE
}

/**
 * The caller of this request, by the certificate of its connection or an API key, if the route is for callers of that kind. Every credential
 * that is presented must hold: a bearer token is verified first, and then refused where it buys nothing. Throws `HttpRefused`,
 * `TokenRejected`, `EnrollmentRefused`.
 */
export async function callerIn(parts: ApiParts, context: ApiContext): Promise<Caller> {
  const caller = await presentedBy(parts, context)
  const permission = context.get('permission')
  if (caller.kind === 'anonymous' && permission.scope !== undefined) throw authorizationMissing(context)
  requirePermitted(permission, caller)
  return caller
}

/** The realm is the deployment, where the request is about one; a name that no deployment can have is not repeated. */
function authorizationMissing(context: ApiContext): HttpRefused {
  const named = context.req.param('d') ?? ''
  const realm = /^[A-Za-z0-9_-]{1,64}$/.test(named) ? named : 'signet'
  const challenge = `Bearer realm="${realm}", Mutual realm="signet"`
  return new HttpRefused('authorization_missing', {}, { 'www-authenticate': challenge })
}

async function presentedBy(parts: ApiParts, context: ApiContext): Promise<Caller> {
  if (context.get('listener') === 'browser') return browserCallerOf(parts, context)
  if (context.req.header('authorization') === undefined) return callerOf(parts, context.get('socket'))
  if (presentsApiKey(context)) return apiKeyCallerOf(parts, context)
  if (showsSession(context)) return programSessionOf(parts, context)
  await bearerOf(parts, context)
  throw new HttpRefused('credential_buys_none')
}

export function originOf(context: ApiContext): RequestOrigin {
  return { requestId: context.get('requestId') }
}

/** Who asks, from where, and whether it may be asked twice: what every act that writes wants to know. */
export async function askedOf(parts: ApiParts, context: ApiContext) {
  return {
    caller: await callerIn(parts, context),
    idempotent: await idempotentRequestOf(context),
    origin: originOf(context),
  }
}

/** Keys are 1 to 255 visible ASCII characters; anything else is refused, not ignored. */
export async function idempotentRequestOf(context: ApiContext): Promise<IdempotentRequest | undefined> {
  const key = context.req.header('idempotency-key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new HttpRefused('idempotency_key_malformed')
  const bodyDigest = createHash('sha256')
    .update(await textOf(context))
    .digest('hex')
  return { method: context.req.method, path: context.req.path, key, bodyDigest }
}

/** As `pemOrDer`; where a request should stand and nothing does, that is said. Throws `HttpRefused`. */
export function csrOf(text: string): string | Uint8Array {
  if (text.trim() === '') throw new HttpRefused('csr_empty')
  return pemOrDer(text)
}

/** PEM goes on as it is; anything else is DER in base64 (RFC 4648 §4). Throws `HttpRefused`. */
export function pemOrDer(text: string): string | Uint8Array {
  if (text.includes('-----BEGIN')) return text
  const compact = text.replaceAll(/\s/g, '')
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) {
    throw new HttpRefused('base64_malformed')
  }
  return Buffer.from(compact, 'base64')
}
