// Short-lived JWTs over HTTP: issued over mutual TLS alone (a bearer token buys no other token), introspected (RFC 7662) by
// those who accept them, revoked (RFC 7009) by those who hold or asked for them.
import { z } from '@hono/zod-openapi'
import { introspectToken, issueTokenFor, revokeTokenOf } from '../../enrollment/token-acts.ts'
import { shownCertificate } from '../authenticate.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, NONE, newApi } from '../route.ts'
import { TokenAnswerBody, TokenBody, TokenTextBody } from '../schemas.ts'
import { tokenBody } from '../token-body.ts'

const IntrospectionAnswer = z
  .strictObject({
    active: z.boolean(),
    token_type: z.literal('Bearer').optional(),
    iss: z.string().optional(),
    sub: z.string().optional(),
    aud: z.string().optional(),
    exp: z.int().optional(),
    nbf: z.int().optional(),
    iat: z.int().optional(),
    jti: z.string().optional(),
    project: z.string().optional(),
    user: z.string().optional(),
    job: z.string().optional(),
    act: z.strictObject({ sub: z.string(), act: z.strictObject({ sub: z.string() }).optional() }).optional(),
    may_act: z.strictObject({ sub: z.string() }).optional(),
    cnf: z.strictObject({ 'x5t#S256': z.string() }).optional(),
  })
  .openapi('Introspection')
const RevokedAnswer = z.strictObject({}).openapi('RevokedToken')

export function tokenRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { tokens } = parts
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/tokens',
      params: NONE,
      summary: 'A short-lived JWT for the caller of this connection (mutual TLS), for one registered audience',
      body: TokenBody,
      status: 201,
      answer: TokenAnswerBody,
    }),
    async (c) => {
      const { audience, lifetimeSeconds, bind, algorithm, mayAct } = c.req.valid('json')
      const issued = await issueTokenFor(tokens, {
        ...(await askedOf(parts, c)),
        audience,
        lifetime: lifetimeSeconds === undefined ? { kind: 'default' } : { kind: 'asked', seconds: lifetimeSeconds },
        certificate: shownCertificate(c.get('socket')),
        binding: bind ? 'to-certificate' : 'none',
        algorithm,
        mayAct,
      })
      return c.json(tokenBody(issued), 201, { 'cache-control': 'no-store' })
    },
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/tokens/introspect',
      params: NONE,
      summary:
        'Is this token good, and whose is it? For the service that is its audience, its holder, and administrators.',
      body: TokenTextBody,
      status: 200,
      answer: IntrospectionAnswer,
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      const audiences = caller.kind === 'service' ? audiencesOf(parts, caller.name) : []
      const { token } = c.req.valid('json')
      const answer = await introspectToken(tokens, { caller, token, audiences })
      return c.json({ ...answer }, 200, { 'cache-control': 'no-store' })
    },
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/tokens/revoke',
      params: NONE,
      summary:
        'Revokes a token. By its holder, whoever asked for it, or an administrator; an unknown token is no error.',
      body: TokenTextBody,
      status: 200,
      answer: RevokedAnswer,
    }),
    async (c) => {
      await revokeTokenOf(tokens, {
        ...(await askedOf(parts, c)),
        token: c.req.valid('json').token,
      })
      return c.json({}, 200)
    },
  )
  return api
}

/** A service answers to its own name and to the deployments that it serves. */
function audiencesOf(parts: ApiParts, service: string): readonly string[] {
  const deployments = parts.snapshot.deploymentsServedBy(service).map(({ name }) => name)
  return [service, ...deployments.filter((name) => parts.snapshot.service(name) === undefined)]
}
