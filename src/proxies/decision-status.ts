// What a decision is over HTTP: status, challenges and reason, as the table of docs/decision.md says. RFC 9110 §11.6.1 (challenges),
// RFC 6750 §3 (errors of bearer tokens), RFC 9470 §3 (sign in again).
import type { Decision } from '../access/decision.ts'
import { type Reason, type ReasonCategory, REASONS } from '../access/reasons.ts'
import type { Snapshot } from '../access/snapshot.ts'
import type { AuthMode } from '../domain/access-policy.ts'

const STATUS: Readonly<Record<ReasonCategory, number>> = {
  allowed: 200,
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  limited: 429,
  unavailable: 503,
}

export function statusOf(reason: Reason): number {
  return STATUS[REASONS[reason].category]
}

/** Whether a key exists, has ended or was deleted is for its owner, who sees it in the list of keys. */
export function outwardReason(reason: Reason): Reason {
  return reason === 'KEY_EXPIRED' || reason === 'KEY_REVOKED' ? 'KEY_INVALID' : reason
}

/** Authorino's words, where its users look for them (rows A7, A9, A12). */
export function extAuthReason(reason: Reason): string | undefined {
  const outward = outwardReason(reason)
  return EXT_AUTH[outward] ?? BY_CATEGORY[REASONS[outward].category]
}

const EXT_AUTH: Readonly<Partial<Record<Reason, string>>> = {
  ROUTE_UNKNOWN: 'Service not found',
  CREDENTIAL_MISSING: 'credential not found',
  KEY_INVALID: 'the API Key provided is invalid',
  CERT_UNTRUSTED: 'x509: certificate signed by unknown authority',
}

const BY_CATEGORY: Readonly<Partial<Record<ReasonCategory, string>>> = {
  malformed: 'Invalid request',
  forbidden: 'Unauthorized',
  'not-found': 'Not found',
}

const NO_CHALLENGES: readonly string[] = []

/** Values of `WWW-Authenticate`. Only 401 has them, and 403 for a scope that is missing. */
export function challengesFor(snapshot: Snapshot, decision: Decision): readonly string[] {
  const { reason } = decision
  const realm = decision.resource ?? 'signet'
  if (reason === 'SCOPE_MISSING') return [`Bearer realm="${realm}", error="insufficient_scope", scope="SERVING"`]
  if (statusOf(reason) !== 401) return NO_CHALLENGES
  if (reason === 'EXTERNAL_LOGIN_REQUIRED') {
    const maxAge = snapshot.rules.externalLoginAfterHours * 3600
    return [`Bearer realm="${realm}", error="insufficient_user_authentication", max_age=${String(maxAge)}`]
  }
  const error = reason.startsWith('TOKEN_') ? ', error="invalid_token"' : ''
  return schemesFor(snapshot, decision).map((scheme) =>
    scheme === 'Bearer' ? `Bearer realm="${realm}"${error}` : `${scheme} realm="${realm}"`,
  )
}

/** In the order in which the kinds are listed; two kinds of token are one scheme. */
const SCHEMES: readonly (readonly [AuthMode, string])[] = [
  ['jwt', 'Bearer'],
  ['oidc', 'Bearer'],
  ['api-key', 'ApiKey'],
  ['passphrase', 'Passphrase'],
  ['mtls', 'Mutual'],
]

function schemesFor(snapshot: Snapshot, { resource }: Decision): readonly string[] {
  const accepted = resource === undefined ? undefined : snapshot.deployment(resource)?.authModes
  const { activatedAuthModes } = snapshot.rules
  const schemes = new Set<string>()
  for (const [mode, scheme] of SCHEMES) {
    if (activatedAuthModes.has(mode) && (accepted === undefined || accepted.has(mode))) schemes.add(scheme)
  }
  return [...schemes]
}
