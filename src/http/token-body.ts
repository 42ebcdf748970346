// A token as the answer to whoever asked for it (RFC 6749 §5.1).
import type { TokenAnswer } from '../enrollment/token-acts.ts'

export function tokenBody({ token, jti, expiresInSeconds }: TokenAnswer) {
  return { access_token: token, token_type: 'Bearer' as const, expires_in: expiresInSeconds, jti }
}
