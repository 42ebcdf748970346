// Issues JWTs as compact JWS (RFC 7515 §7.1) with a key that only a `Signer` can reach: `jose` wants the key itself, so the
// three parts are put together here, and `jose` verifies them (`verify-token.ts`, and the tests).
import type { Clock, Random } from '../domain/clock.ts'
import type { Signer } from '../domain/signer.ts'
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import { tokenAlgorithmOf, type TokenJwk, tokenJwk, thumbprint } from './token-algorithm.ts'
import { makeClaims, type TokenClaims, type TokenRequest } from './token-claims.ts'
import type { TokenPolicy } from './token-policy.ts'
import type { TokenType } from './token-type.ts'

/** A token key with what its tokens say about it, worked out once. */
export interface TokenSigner {
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  readonly publicJwk: TokenJwk
  readonly signer: Signer<'jwt'>
}

export interface IssuedToken {
  /** The compact JWS. A secret: it goes to who asked, and nowhere else. */
  readonly token: string
  readonly kid: string
  readonly claims: TokenClaims
}

/** Throws `TokenRefused` (`token_algorithm_unsupported`) for a key that no token algorithm goes with. */
export function makeTokenSigner(signer: Signer<'jwt'>): TokenSigner {
  const publicJwk = tokenJwk(signer.publicKey)
  return { kid: thumbprint(publicJwk), algorithm: tokenAlgorithmOf(signer.algorithm), publicJwk, signer }
}

/**
 * An access token for one audience. It is not recorded here: until its record is durable, it must not be handed out.
 * Throws `TokenRefused`.
 */
export async function issueToken(
  request: TokenRequest,
  by: TokenSigner,
  policy: TokenPolicy,
  clock: Clock,
  random: Random,
): Promise<IssuedToken> {
  const claims = makeClaims(request, policy, clock, random)
  return { token: await signToken('at+jwt', claims, by), kid: by.kid, claims }
}

/** `claims` as a compact JWS of one registered use. */
export async function signToken(typ: TokenType, claims: object, by: TokenSigner): Promise<string> {
  const header = { alg: by.algorithm, kid: by.kid, typ }
  const signingInput = `${encodePart(header)}.${encodePart(claims)}`
  const signature = await by.signer.sign(Buffer.from(signingInput))
  return `${signingInput}.${Buffer.from(signature).toString('base64url')}`
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
