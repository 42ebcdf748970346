// The tokens of a session: `session+jwt` for Signet itself and for nobody else, minutes long. Its `jti` says which session and
// which of its tokens; whether that one still counts, the snapshot says.
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import type { PersonSession } from '../domain/session.ts'
import { TokenRejected } from '../tokens/errors.ts'
import type { TokenClaims } from '../tokens/token-claims.ts'
import { signToken } from '../tokens/token-signer.ts'
import { verifyToken } from '../tokens/verify-token.ts'
import type { TokenContext } from './token-acts.ts'

export interface SessionToken {
  /** A secret: it goes to the person who signed in. */
  readonly token: string
  readonly expiresAt: Date
}

export interface VerifiedSession {
  readonly id: string
  readonly generation: number
  readonly expiresAt: Date
}

/** No deployment and no service can be called this. */
function sessionAudience({ tokenIssuer }: Pick<TokenContext, 'tokenIssuer'>): string {
  return `${tokenIssuer}#session`
}

/** For a session that is recorded. Throws `TokenRefused`. */
export async function signSessionToken(context: TokenContext, session: PersonSession): Promise<SessionToken> {
  const now = context.clock.now()
  const ends = addSeconds(now, context.policy.credentials.signIn.tokenSeconds)
  const expiresAt = ends < session.endsAt ? ends : session.endsAt
  const iat = unixSeconds(now)
  const claims: TokenClaims = {
    iss: context.tokenIssuer,
    sub: session.user,
    aud: sessionAudience(context),
    exp: unixSeconds(expiresAt),
    nbf: iat,
    iat,
    jti: `${session.id}.${String(session.generation)}`,
  }
  return { token: await signToken('session+jwt', claims, context.keys.signer('ES256')), expiresAt }
}

/** Form, use, signature, audience and time. Throws `TokenRejected`. */
export async function verifySessionToken(context: TokenContext, token: string): Promise<VerifiedSession> {
  const now = context.clock.now()
  const { claims } = await verifyToken(token, {
    keys: context.keys.verificationKeys(now),
    issuer: context.tokenIssuer,
    audience: { kind: 'one-of', names: [sessionAudience(context)] },
    typ: 'session+jwt',
    now,
    maxLifetimeSeconds: context.policy.credentials.signIn.tokenSeconds,
    // The session itself is looked up, with what has ended it.
    revoked: () => false,
    subjectEpoch: () => undefined,
    presentedWith: { kind: 'none' },
  })
  const match = /^(?<id>[A-Za-z0-9_-]{22})\.(?<generation>[1-9][0-9]{0,8})$/.exec(claims.jti)
  if (match?.groups === undefined) throw new TokenRejected('token_malformed', { claim: 'jti' })
  const { id = '', generation } = match.groups
  return { id, generation: Number(generation), expiresAt: new Date(claims.exp * 1000) }
}
