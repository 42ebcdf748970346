// Judges a token of a trusted issuer: form, use, algorithm, key, signature, issuer, audience, times, and for Kubernetes that it is
// bound to a pod. The algorithm is one that the entry allows and the key can do (RFC 8725 §3.1); no key is taken from the token.
import { compactVerify, errors } from 'jose'
import { unixSeconds } from '../domain/clock.ts'
import { TokenRejected } from './errors.ts'
import type { ForeignAlgorithm, ForeignKey } from './key-set.ts'
import { parseConfirmation, parseObject } from './token-claims.ts'
import { kubernetesSubject, type MappedIdentity, SubjectUnmapped, type TrustedIssuer } from './trusted-issuer.ts'
import { MAX_TOKEN_CHARACTERS, TOKEN_LEEWAY_SECONDS } from './verify-token.ts'

export interface ForeignToken {
  readonly issuer: TrustedIssuer
  readonly sub: string
  readonly expiresAt: Date
  /** A bound token is worth something with its certificate alone (RFC 8705 §3.1). */
  readonly cnf: { readonly 'x5t#S256': string } | undefined
  readonly claims: ReadonlyMap<string, unknown>
}

/** Whom a token says it is from, before anything of it is believed. Throws `TokenRejected` (`token_malformed`). */
export function claimedIssuer(compact: string): string | undefined {
  const iss: unknown = new Map<string, unknown>(Object.entries(partOf(compact, 1))).get('iss')
  return typeof iss === 'string' ? iss : undefined
}

/** Throws `TokenRejected`, `IssuerUnreachable`. */
export async function verifyForeignToken(compact: string, issuer: TrustedIssuer, now: Date): Promise<ForeignToken> {
  const { claims } = await signedClaims(compact, issuer)
  const times = timesIn(claims, issuer)
  checkTimes(times, now)
  return foreignToken(claims, issuer, times)
}

/** With the key that verified it: while the issuer has that key, all of it holds but the time, which is the caller's to judge. */
export interface LastingToken extends ForeignToken {
  readonly kid: string
  readonly key: ForeignKey
  readonly issuedAt: Date
  readonly notBefore: Date
}

/** As `verifyForeignToken`, whatever the time. Throws `TokenRejected`, `IssuerUnreachable`. */
export async function verifyForeignLastingly(compact: string, issuer: TrustedIssuer): Promise<LastingToken> {
  const { claims, kid, key } = await signedClaims(compact, issuer)
  const times = timesIn(claims, issuer)
  const notBefore = new Date(Math.max(times.nbf, times.iat) * 1000)
  return { ...foreignToken(claims, issuer, times), kid, key, notBefore, issuedAt: new Date(times.iat * 1000) }
}

type Claims = ReadonlyMap<string, unknown>

/** For us, by a key of the issuer. */
async function signedClaims(
  compact: string,
  issuer: TrustedIssuer,
): Promise<{ readonly claims: Claims; readonly kid: string; readonly key: ForeignKey }> {
  const { payload, kid, key } = await verifySigned(compact, issuer)
  const claims = new Map<string, unknown>(Object.entries(parseObject(payload)))
  if (claims.get('iss') !== issuer.issuer) throw new TokenRejected('token_issuer')
  checkAudience(claims.get('aud'), issuer)
  return { claims, kid, key }
}

export interface SignedPayload {
  readonly payload: Uint8Array
  readonly kid: string
  readonly key: ForeignKey
}

/** What a key of the issuer signed, whatever it says (RFC 7515 §5.2). Throws `TokenRejected`, `IssuerUnreachable`. */
export async function verifySigned(compact: string, issuer: TrustedIssuer): Promise<SignedPayload> {
  const { kid, alg } = parseHeader(compact, issuer)
  const key = await issuer.keys.key(kid)
  if (key === undefined) throw new TokenRejected('token_key_unknown')
  return { payload: await verifiedPayload(compact, key, alg), kid, key }
}

function foreignToken(claims: Claims, issuer: TrustedIssuer, { exp }: Times): ForeignToken {
  // Somebody acts for the subject there: taken for the subject alone, nobody would know.
  if (claims.has('act')) throw new TokenRejected('token_malformed', { claim: 'act' })
  const sub = textIn(claims, 'sub')
  if (issuer.kind === 'kubernetes') checkPod(claims.get('kubernetes.io'), sub)
  const expiresAt = new Date(Math.floor(exp) * 1000)
  return { issuer, sub, expiresAt, claims, cnf: parseConfirmation(claims.get('cnf')) }
}

/** Which identity the subject is here. Throws `SubjectUnmapped`. */
export function mappedIdentity({ issuer, sub, claims }: ForeignToken): MappedIdentity {
  const identity = issuer.identities.get(sub)
  if (identity === undefined || ![...identity.claims].every(([name, value]) => claims.get(name) === value)) {
    throw new SubjectUnmapped(issuer.name)
  }
  return identity
}

/** Members by which a token would bring its own key, or change what the rest means. */
const REFUSED_MEMBERS = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'b64', 'zip', 'cty']

function parseHeader(compact: string, { algorithms, typ }: TrustedIssuer): { kid: string; alg: ForeignAlgorithm } {
  const header = new Map<string, unknown>(Object.entries(partOf(compact, 0)))
  if (REFUSED_MEMBERS.some((name) => header.has(name))) throw new TokenRejected('token_malformed')
  if (useOf(header.get('typ')) !== typ) throw new TokenRejected('token_type')
  const alg = algorithms.find((each) => each === header.get('alg'))
  const kid = header.get('kid')
  if (alg === undefined) throw new TokenRejected('token_signature')
  if (typeof kid !== 'string' || kid === '' || kid.length > 255) throw new TokenRejected('token_key_unknown')
  return { kid, alg }
}

/** Media types are compared without regard to case, and `application/` may be left out (RFC 7515 §4.1.9). */
function useOf(typ: unknown): TrustedIssuer['typ'] | undefined {
  if (typ === undefined) return 'JWT'
  if (typeof typ !== 'string') return undefined
  const name = typ.toLowerCase().replace(/^application\//, '')
  return name === 'jwt' ? 'JWT' : name === 'at+jwt' ? 'at+jwt' : undefined
}

function partOf(compact: string, index: number): object {
  const parts = compact.length > MAX_TOKEN_CHARACTERS ? [] : compact.split('.')
  const part = parts[index]
  if (parts.length !== 3 || part === undefined || !/^[A-Za-z0-9_-]+$/.test(part)) {
    throw new TokenRejected('token_malformed')
  }
  return parseObject(Buffer.from(part, 'base64url'))
}

async function verifiedPayload(
  compact: string,
  { key, algorithms }: ForeignKey,
  alg: ForeignAlgorithm,
): Promise<Uint8Array> {
  if (!algorithms.includes(alg)) throw new TokenRejected('token_signature')
  try {
    return (await compactVerify(compact, key, { algorithms: [alg] })).payload
  } catch (cause) {
    if (cause instanceof errors.JWSInvalid) throw new TokenRejected('token_malformed')
    if (cause instanceof errors.JOSEError) throw new TokenRejected('token_signature')
    throw cause
  }
}

/** For us and for nobody else: a token that others accept too could be shown to them by whoever sees it here. */
function checkAudience(aud: unknown, { audience }: TrustedIssuer): void {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  const [only, ...others] = named
  if (only !== audience || others.length > 0) throw new TokenRejected('token_audience')
}

/** Seconds since the epoch. */
interface Times {
  readonly iat: number
  readonly nbf: number
  readonly exp: number
}

function timesIn(claims: Claims, { maxLifetimeSeconds }: TrustedIssuer): Times {
  const [exp, iat] = [secondsIn(claims, 'exp'), secondsIn(claims, 'iat')]
  const nbf = claims.has('nbf') ? secondsIn(claims, 'nbf') : iat
  if (exp - iat > maxLifetimeSeconds || exp <= iat) throw new TokenRejected('token_malformed', { claim: 'exp' })
  return { iat, nbf, exp }
}

function checkTimes({ iat, nbf, exp }: Times, now: Date): void {
  const seconds = unixSeconds(now)
  if (seconds >= exp + TOKEN_LEEWAY_SECONDS) throw new TokenRejected('token_expired', { claim: 'exp' })
  if (nbf > seconds + TOKEN_LEEWAY_SECONDS) throw new TokenRejected('token_expired', { claim: 'nbf' })
  if (iat > seconds + TOKEN_LEEWAY_SECONDS) throw new TokenRejected('token_expired', { claim: 'iat' })
}

/**
 * A token that the cluster bound to a running pod of that service account: it ends with the pod. Tokens of secrets, which never
 * end, have no such claim.
 */
function checkPod(claim: unknown, sub: string): void {
  const bound = membersOf(claim)
  const [pod, account] = [membersOf(bound.get('pod')), membersOf(bound.get('serviceaccount'))]
  const [namespace, name] = [bound.get('namespace'), account.get('name')]
  const isWhole = [namespace, name, account.get('uid'), pod.get('name'), pod.get('uid')].every(
    (each) => typeof each === 'string' && each !== '',
  )
  if (!isWhole || sub !== kubernetesSubject(String(namespace), String(name))) {
    throw new TokenRejected('token_malformed', { claim: 'kubernetes.io' })
  }
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
}

function textIn(claims: ReadonlyMap<string, unknown>, name: string): string {
  const value = claims.get(name)
  if (typeof value !== 'string' || value === '' || value.length > 255) {
    throw new TokenRejected('token_malformed', { claim: name })
  }
  return value
}

/** RFC 7519 §2 allows fractions of a second. */
function secondsIn(claims: ReadonlyMap<string, unknown>, name: string): number {
  const value = claims.get(name)
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > Number.MAX_SAFE_INTEGER) {
    throw new TokenRejected('token_malformed', { claim: name })
  }
  return value
}
