// Token exchange over HTTP (RFC 8693 §2): a form in, OAuth's answer out. Who asks is whoever the connection's certificate names, or
// nobody: then the subject token of a trusted issuer names them, or their sign-in token.
import { z } from '@hono/zod-openapi'
import { parseProjectName } from '../../domain/project-name.ts'
import { TOKEN_ALGORITHMS } from '../../domain/token-algorithm.ts'
import { exchangeForCertificate } from '../../enrollment/exchange-certificate.ts'
import { ExchangeRefused } from '../../enrollment/exchange-errors.ts'
import { type ExchangeClient, SUBJECT_TOKEN_TYPES, type SubjectTokenType } from '../../enrollment/exchange-grant.ts'
import { exchangeForToken } from '../../enrollment/exchange-token.ts'
import type { CertificateAnswer } from '../../enrollment/issue-certificate.ts'
import { TOKEN_EXCHANGE_GRANT } from '../../tokens/discovery.ts'
import { presentedType } from '../../tokens/verify-token.ts'
import { shownCertificate } from '../authenticate.ts'
import { issuedBody } from '../certificate-body.ts'
import { clientAddressOf } from '../client-address.ts'
import { secretName } from '../credential-limit.ts'
import type { ApiParts } from '../parts.ts'
import { HttpRefused } from '../problem.ts'
import { type Api, type ApiContext, askedOf, csrOf, formRoute, newApi } from '../route.ts'
import { personBehind } from '../session-caller.ts'
import { CertificateAnswerBody, csrField } from '../certificate-schemas.ts'
import { plainText } from '../schema-parts.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
/** Ours: RFC 8693 §3 leaves room for types of others. */
const CERTIFICATE = 'urn:signet:params:oauth:token-type:certificate'

const seconds = z
  .string()
  .regex(/^[1-9][0-9]{0,7}$/, 'whole seconds')
  .transform(Number)
  .pipe(z.int())

const ExchangeBody = z
  .strictObject({
    grant_type: plainText(100),
    subject_token: plainText(8192).min(1),
    subject_token_type: z.enum(Object.keys(SUBJECT_TOKEN_TYPES) as SubjectTokenType[]),
    requested_token_type: z.enum([ACCESS_TOKEN, CERTIFICATE]).default(ACCESS_TOKEN),
    audience: plainText(255)
      .min(1)
      .optional()
      .openapi({ description: 'Of an access token: required, one, registered' }),
    lifetime_seconds: seconds.optional(),
    algorithm: z.enum(TOKEN_ALGORITHMS).optional(),
    csr: csrField.optional(),
    project: plainText(255)
      .min(1)
      .optional()
      .openapi({ description: 'With a sign-in token: required, the project whose member asks' }),
  })
  .openapi('TokenExchangeRequest')

const ExchangeAnswer = z
  .strictObject({
    access_token: z.string(),
    issued_token_type: z.string(),
    token_type: z.enum(['Bearer', 'N_A']),
    expires_in: z.int(),
    jti: z.string().optional(),
    certificate: CertificateAnswerBody.optional(),
  })
  .openapi('TokenExchange')

type Body = z.output<typeof ExchangeBody>

export function tokenExchangeRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    formRoute({
      method: 'post',
      path: '/v1/tokens/exchange',
      summary: 'Exchanges a token for one of another audience, or of another issuer for one of ours (RFC 8693)',
      body: ExchangeBody,
      status: 200,
      answer: ExchangeAnswer,
    }),
    async (c) => {
      const body = c.req.valid('form')
      const attempt = { kind: 'exchange', credential: secretName(body.subject_token), address: addressOf(c) } as const
      const answer = await parts.credentialLimit.run(attempt, () => exchanged(parts, c, body))
      return c.json(answer, 200, { 'cache-control': 'no-store' })
    },
  )
  return api
}

function addressOf(c: ApiContext): string {
  return clientAddressOf(c.get('socket'))
}

async function exchanged(parts: ApiParts, c: ApiContext, body: Body): Promise<z.output<typeof ExchangeAnswer>> {
  if (body.grant_type !== TOKEN_EXCHANGE_GRANT) {
    throw new ExchangeRefused('exchange_unsupported', { expected: TOKEN_EXCHANGE_GRANT })
  }
  const asked = {
    ...(await askedOf(parts, c)),
    certificate: shownCertificate(c.get('socket')),
    subjectToken: body.subject_token,
    subjectTokenType: body.subject_token_type,
    signIn: signInOf(parts, c, body),
  }
  return body.requested_token_type === CERTIFICATE ? certificateFor(parts, asked, body) : tokenFor(parts, asked, body)
}

/** What the token claims to be decides what the request has to say; it is verified later, as that and as nothing else. */
function signInOf(parts: ApiParts, c: ApiContext, { subject_token: token, project }: Body): ExchangeClient['signIn'] {
  const isSignIn = presentedType(token) === 'session+jwt'
  if (isSignIn !== (project !== undefined)) {
    throw new HttpRefused('body_rejected', { faults: ['project: with a sign-in token, and with no other'] })
  }
  if (project === undefined) return undefined
  const { names } = parts.context.policy
  return { project: parseProjectName(project, names), personBehind: (shown) => personBehind(parts, c, shown) }
}

type Asked = ExchangeClient & Awaited<ReturnType<typeof askedOf>>

async function tokenFor(parts: ApiParts, asked: Asked, body: Body): Promise<z.output<typeof ExchangeAnswer>> {
  const { audience, lifetime_seconds: lifetime, algorithm, csr } = body
  if (audience === undefined || csr !== undefined) {
    throw new HttpRefused('body_rejected', { faults: ['audience: required', 'csr: for a certificate alone'] })
  }
  const { token, jti, expiresInSeconds } = await exchangeForToken(parts.tokens, {
    ...asked,
    audience,
    algorithm,
    lifetime: lifetime === undefined ? { kind: 'default' } : { kind: 'asked', seconds: lifetime },
  })
  const what = { issued_token_type: ACCESS_TOKEN, token_type: 'Bearer' as const, expires_in: expiresInSeconds }
  return { access_token: token, ...what, jti }
}

async function certificateFor(parts: ApiParts, asked: Asked, body: Body): Promise<z.output<typeof ExchangeAnswer>> {
  const { audience, lifetime_seconds: lifetimeSeconds, algorithm, csr } = body
  if (csr === undefined || audience !== undefined || algorithm !== undefined) {
    throw new HttpRefused('body_rejected', { faults: ['csr: required', 'audience and algorithm: for a token alone'] })
  }
  const issued = await parts.signingQueue.run(() =>
    exchangeForCertificate(parts.tokens, { ...asked, csr: csrOf(csr), lifetimeSeconds }),
  )
  parts.observer.issued(issued.profile)
  return certificateAnswer(parts, issued)
}

/** RFC 8693 §2.2.1: `access_token` carries what was issued, whatever it is; `N_A` says that it is no bearer token. */
function certificateAnswer(parts: ApiParts, issued: CertificateAnswer): z.output<typeof ExchangeAnswer> {
  const certificate = issuedBody(parts, issued)
  const expiresIn = Math.floor((issued.validity.notAfter.getTime() - parts.context.clock.now().getTime()) / 1000)
  return {
    access_token: certificate.certificate,
    issued_token_type: CERTIFICATE,
    token_type: 'N_A',
    expires_in: expiresIn,
    certificate,
  }
}
