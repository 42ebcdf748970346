// Judges a token that somebody presents: form, use, key, signature, issuer, audience, time, revocation, binding, in the
// order of the decision's step 7t. The algorithm comes from the key that `kid` names, never from the token (RFC 8725
// §3.1); a key in the token's header is none of ours. Signatures are `jose`'s to verify.
import { createPublicKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import { unixSeconds } from '../domain/clock.ts'
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import { TokenRejected } from './errors.ts'
import { parseClaims, parseObject, type TokenClaims } from './token-claims.ts'
import { publishedKeys, type TokenKey } from './token-key.ts'
import { isTokenType, type TokenType } from './token-type.ts'

/** Clocks may differ by this much between the issuer and a verifier (RFC 7519 §4.1.4: "a few minutes" at most). */
export const TOKEN_LEEWAY_SECONDS = 60

/** Longest token that is looked at, in characters. Ours are under 1,000. */
export const MAX_TOKEN_CHARACTERS = 8192

export interface VerificationKey {
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  readonly key: KeyObject
}

export type VerificationKeys = ReadonlyMap<string, VerificationKey>

export interface TokenExpectations {
  readonly keys: VerificationKeys
  readonly issuer: string
  /** The names that the consumer answers to; `any` for the issuer itself, when it is asked to revoke what it issued. */
  readonly audience: { readonly kind: 'one-of'; readonly names: readonly string[] } | { readonly kind: 'any' }
  readonly typ: TokenType
  readonly now: Date
  readonly maxLifetimeSeconds: number
  readonly revoked: (jti: string) => boolean
  /** Tokens of the subject that were issued before this instant are revoked. */
  readonly subjectEpoch: (subject: string) => Date | undefined
  /**
   * The certificate of the connection that presented the token, as `x5t#S256`, or `none`. `not-seen`: the one who asks saw
   * the connection, and is told the `cnf` to compare (introspection).
   */
  readonly presentedWith:
    | { readonly kind: 'certificate'; readonly thumbprint: string }
    | { readonly kind: 'none' }
    | { readonly kind: 'not-seen' }
}

export interface VerifiedToken {
  readonly kid: string
  readonly typ: TokenType
  readonly claims: TokenClaims
}

/** What to verify with now, made once for each change of the keys. */
export function verificationKeys(keys: readonly TokenKey[], now: Date): VerificationKeys {
  return new Map(
    publishedKeys(keys, now).map(({ kid, algorithm, publicJwk }) => [
      kid,
      { kid, algorithm, key: createPublicKey({ key: { ...publicJwk }, format: 'jwk' }) },
    ]),
  )
}

/** Throws `TokenRejected`. */
export async function verifyToken(compact: string, expected: TokenExpectations): Promise<VerifiedToken> {
  const signed = await verifySigned(compact, expected)
  const { claims } = signed
  checkParties(claims, expected)
  checkLifetime(claims, expected.maxLifetimeSeconds)
  checkTimes(claims, expected)
  checkRevocation(claims, expected)
  checkBinding(claims, expected)
  return signed
}

/**
 * What holds of a token for as long as its key does: form, use, signature, issuer, and times that go together. Whether it is
 * the time, for whom it is, revocation and binding are for the caller to judge, each time. Throws `TokenRejected`.
 */
export async function verifyLastingly(
  compact: string,
  expected: Pick<TokenExpectations, 'keys' | 'typ' | 'issuer' | 'maxLifetimeSeconds'>,
): Promise<VerifiedToken> {
  const signed = await verifySigned(compact, expected)
  if (signed.claims.iss !== expected.issuer) throw new TokenRejected('token_issuer')
  checkLifetime(signed.claims, expected.maxLifetimeSeconds)
  return signed
}

async function verifySigned(
  compact: string,
  { typ, keys }: Pick<TokenExpectations, 'keys' | 'typ'>,
): Promise<VerifiedToken> {
  const header = parseHeader(compact)
  if (header.typ !== typ) throw new TokenRejected('token_type')
  const key = keys.get(header.kid)
  if (key === undefined) throw new TokenRejected('token_key_unknown')
  if (header.alg !== key.algorithm) throw new TokenRejected('token_signature')
  return { kid: key.kid, typ, claims: parseClaims(await verifiedPayload(compact, key)) }
}

/** The `typ` that a text claims, to know what to verify it as; undefined for no token of any use. Nothing of it is verified. */
export function presentedType(compact: string): TokenType | undefined {
  try {
    const { typ } = parseHeader(compact)
    return isTokenType(typ) ? typ : undefined
  } catch (error) {
    if (error instanceof TokenRejected) return undefined
    throw error
  }
}

interface TokenHeader {
  readonly alg: string
  readonly kid: string
  readonly typ: string
}

/**
 * The header has the three members that ours have. Any other (`crit`, `jku`, `jwk`, `x5u`, `x5c`, `b64`, `zip`) is a token
 * that we did not make, and the ones that name a key are how forged tokens bring their own.
 */
function parseHeader(compact: string): TokenHeader {
  if (compact.length > MAX_TOKEN_CHARACTERS) throw new TokenRejected('token_malformed')
  const parts = compact.split('.')
  const [encoded] = parts
  if (parts.length !== 3 || encoded === undefined || !parts.every(isCanonical))
    throw new TokenRejected('token_malformed')
  const header = new Map<string, unknown>(Object.entries(parseObject(Buffer.from(encoded, 'base64url'))))
  const [alg, kid, typ] = [header.get('alg'), header.get('kid'), header.get('typ')]
  if (header.size !== 3 || typeof alg !== 'string' || typeof kid !== 'string' || typeof typ !== 'string') {
    throw new TokenRejected('token_malformed')
  }
  return { alg, kid, typ }
}

/** Unused bits at the end are zero (RFC 4648 §3.5): no two texts are one token. */
function isCanonical(part: string): boolean {
  return part === Buffer.from(part, 'base64url').toString('base64url')
}

async function verifiedPayload(compact: string, { key, algorithm }: VerificationKey): Promise<Uint8Array> {
  try {
    const { payload } = await compactVerify(compact, key, { algorithms: [algorithm] })
    return payload
  } catch (cause) {
    if (cause instanceof errors.JWSInvalid) throw new TokenRejected('token_malformed')
    if (cause instanceof errors.JOSEError) throw new TokenRejected('token_signature')
    throw cause
  }
}

function checkParties({ iss, aud }: TokenClaims, { issuer, audience }: TokenExpectations): void {
  if (iss !== issuer) throw new TokenRejected('token_issuer')
  if (audience.kind === 'one-of' && !audience.names.includes(aud)) throw new TokenRejected('token_audience')
}

function checkLifetime({ iat, nbf, exp }: TokenClaims, maxLifetimeSeconds: number): void {
  if (exp - iat > maxLifetimeSeconds || exp <= iat || nbf > exp)
    throw new TokenRejected('token_malformed', { claim: 'exp' })
}

/** The codes have no word for "not yet": a token from the future is no more valid now than one from the past. */
function checkTimes({ iat, nbf, exp }: TokenClaims, { now }: TokenExpectations): void {
  const seconds = unixSeconds(now)
  if (seconds >= exp + TOKEN_LEEWAY_SECONDS) throw new TokenRejected('token_expired', { claim: 'exp' })
  if (nbf > seconds + TOKEN_LEEWAY_SECONDS) throw new TokenRejected('token_expired', { claim: 'nbf' })
  if (iat > seconds + TOKEN_LEEWAY_SECONDS) throw new TokenRejected('token_expired', { claim: 'iat' })
}

/** `iat` has no fractions: a token of the very second of the epoch counts as older than it. */
function checkRevocation({ jti, sub, iat }: TokenClaims, { revoked, subjectEpoch }: TokenExpectations): void {
  const epoch = subjectEpoch(sub)
  if (revoked(jti) || (epoch !== undefined && iat * 1000 < epoch.getTime())) throw new TokenRejected('token_revoked')
}

function checkBinding({ cnf }: TokenClaims, { presentedWith }: TokenExpectations): void {
  if (cnf === undefined || presentedWith.kind === 'not-seen') return
  if (presentedWith.kind === 'none' || !equalText(cnf['x5t#S256'], presentedWith.thumbprint)) {
    throw new TokenRejected('token_binding')
  }
}

function equalText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
