// An attempt to sign in at a provider that the browser is sent to. It is kept by that browser alone, in a signed token of minutes
// (`attempt+jwt`); what the provider sees of it (state, nonce, PKCE challenge) follows from a secret in it, and tells nothing of the
// secret or of each other. Nothing is stored until somebody has signed in.
import { createHmac } from 'node:crypto'
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import { TokenRejected } from '../tokens/errors.ts'
import type { TokenClaims } from '../tokens/token-claims.ts'
import { signToken } from '../tokens/token-signer.ts'
import { sha256Hex } from './idempotency.ts'
import { verifyHandedOutToken } from './handed-out-token.ts'
import { SignInRefused } from './sign-in-errors.ts'
import type { AttemptSecrets } from './sign-in-provider.ts'
import type { TokenContext } from './token-acts.ts'

/** The program whose browser it is: where it listens on that machine, and what its code is bound to (RFC 7636 §4.2). */
export interface LoopbackProgram {
  readonly port: number
  /** SHA-256 of the program's secret, base64url. */
  readonly challenge: string
}

export interface SignInAttempt {
  readonly provider: string
  readonly program: LoopbackProgram | undefined
  readonly secrets: AttemptSecrets
  /** Of which there is one: a second use finds the first. */
  readonly key: string
  readonly expiresAt: Date
}

/** 256 bits. */
const SECRET_BYTES = 32

/** `provider`, or `provider:port:challenge`; a provider's name holds no colon. */
const SUBJECT = /^(?<provider>[a-z][a-z0-9-]{0,31})(?::(?<port>[1-9][0-9]{3,4}):(?<challenge>[A-Za-z0-9_-]{43}))?$/

export interface BegunAttempt {
  /** For the browser's cookie alone. */
  readonly token: string
  readonly secrets: AttemptSecrets
}

/** Throws `TokenRefused`. */
export async function beginAttempt(
  context: TokenContext,
  provider: string,
  program: LoopbackProgram | undefined,
): Promise<BegunAttempt> {
  const secret = Buffer.from(context.random(SECRET_BYTES)).toString('base64url')
  const iat = unixSeconds(context.clock.now())
  const claims: TokenClaims = {
    iss: context.tokenIssuer,
    sub: program === undefined ? provider : `${provider}:${String(program.port)}:${program.challenge}`,
    aud: audienceOf(context),
    exp: iat + context.policy.credentials.signIn.attemptSeconds,
    nbf: iat,
    iat,
    jti: secret,
  }
  return { token: await signToken('attempt+jwt', claims, context.keys.signer('ES256')), secrets: secretsOf(secret) }
}

/** The attempt at this provider. Throws `SignInRefused`: there is none, it is another's, or too long ago. */
export async function attemptOf(
  context: TokenContext,
  token: string | undefined,
  provider: string,
): Promise<SignInAttempt> {
  const claims = await claimsOf(context, token)
  const found = SUBJECT.exec(claims.sub)?.groups
  // A provider that sends somebody to another's callback is not taken for the other.
  if (found?.['provider'] !== provider) throw new SignInRefused('sign_in_refused')
  const [port, challenge] = [found['port'], found['challenge']]
  return {
    provider,
    program: port === undefined || challenge === undefined ? undefined : { port: Number(port), challenge },
    secrets: secretsOf(claims.jti),
    key: sha256Hex(claims.jti),
    expiresAt: addSeconds(new Date(claims.exp * 1000), 1),
  }
}

async function claimsOf(context: TokenContext, token: string | undefined): Promise<TokenClaims> {
  try {
    return await verifyHandedOutToken(context, token ?? '', {
      typ: 'attempt+jwt',
      audience: audienceOf(context),
      maxLifetimeSeconds: context.policy.credentials.signIn.attemptSeconds,
    })
  } catch (cause) {
    if (cause instanceof TokenRejected) throw new SignInRefused('sign_in_refused', {}, { cause })
    throw cause
  }
}

/** No deployment and no service can be called this. */
function audienceOf({ tokenIssuer }: Pick<TokenContext, 'tokenIssuer'>): string {
  return `${tokenIssuer}#sign-in`
}

/** One-way, so that the state in a log or a `Referer` is no step to the verifier. */
function secretsOf(secret: string): AttemptSecrets {
  const derived = (use: string) => createHmac('sha256', secret).update(use).digest('base64url')
  return { state: derived('state'), nonce: derived('nonce'), verifier: derived('verifier') }
}
