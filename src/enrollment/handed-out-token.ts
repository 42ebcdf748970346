// Tokens that Signet gives out and takes back itself, within minutes: they are for it alone, and end to the second, since it is its
// own clock that wrote them.
import { unixSeconds } from '../domain/clock.ts'
import { TokenRejected } from '../tokens/errors.ts'
import type { TokenClaims } from '../tokens/token-claims.ts'
import type { TokenType } from '../tokens/token-type.ts'
import { verifyToken } from '../tokens/verify-token.ts'
import type { TokenContext } from './token-acts.ts'

export interface HandedOutUse {
  readonly typ: TokenType
  readonly audience: string
  readonly maxLifetimeSeconds: number
}

/** Throws `TokenRejected`. */
export async function verifyHandedOutToken(
  context: TokenContext,
  token: string,
  use: HandedOutUse,
): Promise<TokenClaims> {
  const now = context.clock.now()
  const { claims } = await verifyToken(token, {
    keys: context.keys.verificationKeys(now),
    issuer: context.tokenIssuer,
    audience: { kind: 'one-of', names: [use.audience] },
    typ: use.typ,
    now,
    maxLifetimeSeconds: use.maxLifetimeSeconds,
    // What it stands for says whether it still counts.
    revoked: () => false,
    subjectEpoch: () => undefined,
    presentedWith: { kind: 'none' },
  })
  if (unixSeconds(now) >= claims.exp) throw new TokenRejected('token_expired', { claim: 'exp' })
  return claims
}
