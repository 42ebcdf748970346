// Bearer tokens (RFC 6750) that are presented to Signet itself: good only when they name it as their audience, and, when
// bound to a certificate, over a connection that shows it (RFC 8705 §3).
import type { Context } from 'hono'
import { DirectoryRefused } from '../directory/errors.ts'
import { EnrollmentRefused } from '../enrollment/errors.ts'
import { judgeSubjectToken, type SubjectToken, subjectStillActive } from '../enrollment/token-subject.ts'
import { certificateThumbprint, subjectText } from '../tokens/token-claims.ts'
import { shownCertificate } from './authenticate.ts'
import { clientAddressOf } from './client-address.ts'
import { secretName } from './credential-limit.ts'
import type { ApiEnvironment, ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'

/** Whom a bearer token speaks for. */
export interface Bearer {
  /** `PROJECT__USER`, or the name of a service. */
  readonly principal: string
  readonly expiresAt: Date
}

/**
 * Of the token in the Authorization header: ours, or one of a trusted issuer. Throws `HttpRefused`, `TokenRejected`,
 * `IssuerUnreachable`, `SubjectUnmapped`.
 */
export function bearerOf(parts: ApiParts, context: Context<ApiEnvironment>): Promise<Bearer> {
  const credential = secretName(context.req.header('authorization') ?? '')
  const address = clientAddressOf(context.get('socket'))
  return parts.credentialLimit.run({ kind: 'bearer', credential, address }, async () => verified(parts, context))
}

async function verified(parts: ApiParts, context: Context<ApiEnvironment>): Promise<Bearer> {
  const match = /^Bearer ([A-Za-z0-9._~+/=-]+)$/.exec(context.req.header('authorization') ?? '')
  const token = match?.[1]
  if (token === undefined) throw new HttpRefused('authorization_malformed')
  const certificate = shownCertificate(context.get('socket'))
  const presentedWith =
    certificate === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'certificate', thumbprint: certificateThumbprint(certificate) } as const)
  const judged = await judgeSubjectToken(parts.tokens, token, presentedWith)
  if (judged.from.kind === 'trusted') await refuseEnded(parts, judged)
  return { principal: subjectText(judged.subject), expiresAt: judged.expiresAt }
}

/** What ends an identity revokes the tokens that we issued; those of others are good for as long as they say. */
async function refuseEnded({ tokens }: ApiParts, { subject }: SubjectToken): Promise<void> {
  try {
    await tokens.acts.run((tx) => subjectStillActive(tx, tokens, subject))
  } catch (error) {
    throw error instanceof DirectoryRefused ? new EnrollmentRefused('requester_ended') : error
  }
}
