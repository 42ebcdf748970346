// The `error` of OAuth beside the code of a problem (RFC 6749 §5.2, RFC 8693 §2.2.2): what clients of that world look at. The codes
// say more.
import type { ProblemCode } from './problems.ts'
import { PROBLEMS } from './problems.ts'

export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'invalid_target'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'
  | 'server_error'

const ERRORS: ReadonlyMap<string, OAuthError> = new Map<string, OAuthError>([
  ['exchange_unsupported', 'unsupported_grant_type'],
  ['token_audience_unknown', 'invalid_target'],
  ['delegation_refused', 'unauthorized_client'],
  ['delegation_too_deep', 'unauthorized_client'],
  ['not_permitted', 'unauthorized_client'],
  ['project_not_granted', 'unauthorized_client'],
  ['job_of_administrator', 'unauthorized_client'],
  // RFC 8693 §2.2.2: a subject token that does not hold is an invalid request.
  ['subject_token_refused', 'invalid_request'],
])

export function oauthErrorOf(code: ProblemCode): OAuthError {
  const { status } = PROBLEMS[code]
  if (status === 500) return 'server_error'
  if (status === 503 || status === 429) return 'temporarily_unavailable'
  return ERRORS.get(code) ?? (status === 401 ? 'invalid_client' : 'invalid_request')
}
