// Bearer tokens (RFC 6750) that are presented to Signet itself: good only when they name it as their audience, and, when
// bound to a certificate, over a connection that shows it (RFC 8705 §3).
import type { Context } from 'hono'
import { verifyOwnToken } from '../enrollment/token-acts.ts'
import { certificateThumbprint } from '../tokens/token-claims.ts'
import type { VerifiedToken } from '../tokens/verify-token.ts'
import { shownCertificate } from './authenticate.ts'
import { clientAddressOf } from './client-address.ts'
import { secretName } from './credential-limit.ts'
import type { ApiEnvironment, ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'

/** The verified token of the Authorization header. Throws `HttpRefused`, `TokenRejected`. */
export function bearerOf(parts: ApiParts, context: Context<ApiEnvironment>): Promise<VerifiedToken> {
  const credential = secretName(context.req.header('authorization') ?? '')
  const address = clientAddressOf(context.get('socket'))
  return parts.credentialLimit.run({ kind: 'bearer', credential, address }, async () => verified(parts, context))
}

function verified(parts: ApiParts, context: Context<ApiEnvironment>): Promise<VerifiedToken> {
  const match = /^Bearer ([A-Za-z0-9._~+/=-]+)$/.exec(context.req.header('authorization') ?? '')
  const token = match?.[1]
  if (token === undefined) throw new HttpRefused('authorization_malformed')
  const certificate = shownCertificate(context.get('socket'))
  return verifyOwnToken(parts.tokens, token, {
    audience: { kind: 'one-of', names: [parts.publicUrl] },
    presentedWith:
      certificate === undefined
        ? { kind: 'none' }
        : { kind: 'certificate', thumbprint: certificateThumbprint(certificate) },
  })
}
