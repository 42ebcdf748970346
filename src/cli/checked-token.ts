// Verifies an access token (RFC 9068, RFC 8725): the key set decides the algorithm, the header only which key; type, issuer,
// audience and times are required. A bound token (`cnf`) is shown as such: that its holder has the key is not seen here.
import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify, type JWTHeaderParameters } from 'jose'
import { TOKEN_ALGORITHMS } from '../domain/token-algorithm.ts'
import type { Answer } from './answer.ts'
import { Refused, type RefusalCode } from './refused.ts'

export interface TokenExpectation {
  readonly issuer: string
  readonly audience: string
  readonly at: Date
}

export interface CheckedToken {
  readonly header: JWTHeaderParameters
  readonly claims: JWTPayload
}

/** Throws `Refused` (`token_…`, or `answer_unreadable` for a key set that is none). */
export async function checkToken(token: string, keySet: Answer, expected: TokenExpectation): Promise<CheckedToken> {
  const { issuer, audience, at } = expected
  const keys = createLocalJWKSet({ keys: pinnedKeys(keySet) })
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: [...TOKEN_ALGORITHMS],
      typ: 'at+jwt',
      issuer,
      audience,
      currentDate: at,
      requiredClaims: ['sub', 'exp', 'iat', 'jti'],
    })
    return { header: protectedHeader, claims: payload }
  } catch (cause) {
    throw cause instanceof errors.JOSEError ? refusalOf(cause) : cause
  }
}

/** Keys that say which algorithm they are for: with these, no header can choose another (RFC 8725 §3.1). */
function pinnedKeys(keySet: Answer): JWK[] {
  return keySet.list('keys').flatMap((key) => {
    return TOKEN_ALGORITHMS.some((each) => each === key.textOr('alg', ''))
      ? [{ ...key.document, kty: key.text('kty') }]
      : []
  })
}

const CODES: ReadonlyMap<string, RefusalCode> = new Map<string, RefusalCode>([
  ['ERR_JWT_EXPIRED', 'token_expired'],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', 'token_claim_refused'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'token_signature_invalid'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'token_key_unknown'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'token_algorithm_refused'],
])

function refusalOf(cause: errors.JOSEError): Refused {
  const claim = cause instanceof errors.JWTClaimValidationFailed ? { claim: cause.claim } : {}
  return new Refused(CODES.get(cause.code) ?? 'token_malformed', claim, { cause })
}
