// Hands a session from the browser in which somebody signed in to the program that opened it (RFC 8252 §7.3): a code of a minute,
// good once, and for that program alone, which shows the secret that it is bound to (RFC 7636).
import { createHash, timingSafeEqual } from 'node:crypto'
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import type { PersonSession } from '../domain/session.ts'
import { TokenRejected } from '../tokens/errors.ts'
import type { TokenClaims } from '../tokens/token-claims.ts'
import { signToken } from '../tokens/token-signer.ts'
import { sha256Hex } from './idempotency.ts'
import { verifyHandedOutToken } from './handed-out-token.ts'
import { goingOn } from './sessions.ts'
import { SignInRefused } from './sign-in-errors.ts'
import type { TokenContext } from './token-acts.ts'

const JTI = /^(?<session>[A-Za-z0-9_-]{22})\.(?<challenge>[A-Za-z0-9_-]{43})$/

export interface CodeShown {
  readonly code: string
  /** The program's secret. */
  readonly verifier: string
}

/** Throws `TokenRefused`. */
export async function makeLoginCode(context: TokenContext, session: PersonSession, challenge: string): Promise<string> {
  const iat = unixSeconds(context.clock.now())
  const claims: TokenClaims = {
    iss: context.tokenIssuer,
    sub: session.user,
    aud: audienceOf(context),
    exp: iat + context.policy.credentials.signIn.codeSeconds,
    nbf: iat,
    iat,
    jti: `${session.id}.${challenge}`,
  }
  return signToken('code+jwt', claims, context.keys.signer('ES256'))
}

/** The session that the code stands for. Throws `SignInRefused`. */
export async function redeemLoginCode(context: TokenContext, { code, verifier }: CodeShown): Promise<PersonSession> {
  const { id, expiresAt } = await codeOf(context, code, verifier)
  return context.acts.run(async (tx) => {
    const scope = { principal: `session:${id}`, method: 'POST', path: '/v1/session/redeem', key: sha256Hex(code) }
    const claim = await tx.claimIdempotencyKey({ ...scope, bodyDigest: '' }, context.clock.now(), expiresAt)
    if (claim.kind !== 'new') throw new SignInRefused('sign_in_refused')
    return goingOn(tx, id, context.clock.now())
  })
}

async function codeOf(context: TokenContext, code: string, verifier: string) {
  const { jti, exp } = await claimsOf(context, code)
  const { session = '', challenge = '' } = JTI.exec(jti)?.groups ?? {}
  const shown = createHash('sha256').update(verifier).digest('base64url')
  const isBound = shown.length === challenge.length && timingSafeEqual(Buffer.from(shown), Buffer.from(challenge))
  if (!isBound) throw new SignInRefused('sign_in_refused')
  return { id: session, expiresAt: addSeconds(new Date(exp * 1000), 1) }
}

async function claimsOf(context: TokenContext, code: string): Promise<TokenClaims> {
  try {
    return await verifyHandedOutToken(context, code, {
      typ: 'code+jwt',
      audience: audienceOf(context),
      maxLifetimeSeconds: context.policy.credentials.signIn.codeSeconds,
    })
  } catch (cause) {
    if (cause instanceof TokenRejected) throw new SignInRefused('sign_in_refused', {}, { cause })
    throw cause
  }
}

/** No deployment and no service can be called this. */
function audienceOf({ tokenIssuer }: Pick<TokenContext, 'tokenIssuer'>): string {
  return `${tokenIssuer}#code`
}
