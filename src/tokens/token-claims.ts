// The claims of Signet's tokens (RFC 7519 §4.1, RFC 9068 §2.2): built here from who asks and for how long, parsed here from
// what was signed. Neither signs nor verifies.
import { createHash } from 'node:crypto'
import { type Clock, type Random, unixSeconds } from '../domain/clock.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import { SEPARATOR } from '../domain/name-rules.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import { TokenRefused, TokenRejected } from './errors.ts'
import { parseActor, parsePermittedActor, type PermittedActor, type TokenActor } from './token-actor.ts'
import type { TokenPolicy } from './token-policy.ts'

export interface TokenClaims {
  readonly iss: string
  readonly sub: string
  /** One audience, as text: a list, even of one, is not ours. */
  readonly aud: string
  /** NumericDates: whole seconds since the epoch. */
  readonly exp: number
  readonly nbf: number
  readonly iat: number
  readonly jti: string
  readonly project?: string
  readonly user?: string
  /** The job that the subject is. */
  readonly job?: string
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly act?: TokenActor
  /** Who may (RFC 8693 §4.4). */
  readonly may_act?: PermittedActor
  /** RFC 8705 §3.1: base64url of the SHA-256 of the certificate that the token is bound to. */
  readonly cnf?: { readonly 'x5t#S256': string }
}

export type TokenSubject =
  | {
      readonly kind: 'project-user'
      readonly project: ProjectName
      readonly user: UserName | ServiceAccountName
      /** The id of the job, where the subject is one: it acts as that user, and ends by itself. */
      readonly job?: string
    }
  | { readonly kind: 'service'; readonly name: ServiceName }

/** An audience that stands in the register of deployments and services. */
export type TokenAudience = string & { readonly __brand: 'TokenAudience' }

export type TokenBinding = { readonly kind: 'none' } | { readonly kind: 'certificate'; readonly der: Uint8Array }

export type TokenLifetime = { readonly kind: 'default' } | { readonly kind: 'asked'; readonly seconds: number }

export interface TokenRequest {
  readonly issuer: string
  readonly subject: TokenSubject
  readonly audience: TokenAudience
  readonly lifetime: TokenLifetime
  readonly binding: TokenBinding
  /** Who acts for the subject: a launcher for its job, whoever exchanged a token. */
  readonly actor?: TokenActor | undefined
  /** Whom the subject lets act for it. */
  readonly permittedActor?: PermittedActor | undefined
  /** When the credential ends that buys the token; no token outlives it. */
  readonly notAfterLimit: Date
}

/** The only way to a TokenAudience. Throws `TokenRefused` (`token_audience_unknown`). */
export function parseTokenAudience(input: string, isRegistered: (name: string) => boolean): TokenAudience {
  if (input === '' || !isRegistered(input))
    throw new TokenRefused('token_audience_unknown', { audience: input.slice(0, 255) })
  return input as TokenAudience
}

/** Throws `TokenRefused` (`token_lifetime_too_long`, `token_lifetime_malformed`). */
export function makeClaims(request: TokenRequest, policy: TokenPolicy, clock: Clock, random: Random): TokenClaims {
  const iat = unixSeconds(clock.now())
  const { subject, binding, actor, permittedActor } = request
  return {
    iss: request.issuer,
    sub: subjectText(subject),
    aud: request.audience,
    exp: iat + lifetimeSeconds(request, policy, iat),
    nbf: iat,
    iat,
    jti: Buffer.from(random(JTI_BYTES)).toString('base64url'),
    ...(subject.kind === 'project-user' ? { project: subject.project, user: subject.user } : {}),
    ...(subject.kind === 'project-user' && subject.job !== undefined ? { job: subject.job } : {}),
    ...(actor === undefined ? {} : { act: actor }),
    ...(permittedActor === undefined ? {} : { may_act: permittedActor }),
    ...(binding.kind === 'certificate' ? { cnf: { 'x5t#S256': certificateThumbprint(binding.der) } } : {}),
  }
}

/** 128 bits: a jti is never chosen twice, and cannot be guessed by who would revoke it. */
const JTI_BYTES = 16

/** `PROJECT__USER`, or the name of the service: what the decision compares with the acting user. */
export function subjectText(subject: TokenSubject): string {
  return subject.kind === 'service' ? subject.name : `${subject.project}${SEPARATOR}${subject.user}`
}

/** `x5t#S256` of a certificate in DER (RFC 8705 §3.1). */
export function certificateThumbprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url')
}

/**
 * What was asked for is given whole or refused. The default is what Signet chooses, so it chooses an earlier end when the
 * credential ends first: the answer says `expires_in`.
 */
function lifetimeSeconds({ lifetime, notAfterLimit }: TokenRequest, policy: TokenPolicy, iat: number): number {
  const allowedSeconds = Math.max(0, Math.min(policy.maxSeconds, unixSeconds(notAfterLimit) - iat))
  const seconds = lifetime.kind === 'asked' ? lifetime.seconds : Math.min(policy.defaultSeconds, allowedSeconds)
  if (lifetime.kind === 'asked' && (!Number.isSafeInteger(seconds) || seconds < 1)) {
    throw new TokenRefused('token_lifetime_malformed', { expected: 'whole seconds, at least 1' })
  }
  if (seconds > allowedSeconds || seconds < 1) {
    throw new TokenRefused('token_lifetime_too_long', { requestedSeconds: seconds, allowedSeconds })
  }
  return seconds
}

/**
 * The claims in a signed payload. Members that are not known here are left alone: a newer process may have written them.
 * Throws `TokenRejected` (`token_malformed`; `token_audience` for other than one audience).
 */
export function parseClaims(payload: Uint8Array): TokenClaims {
  const claims = new Map(Object.entries(parseObject(payload)))
  if (Array.isArray(claims.get('aud'))) throw new TokenRejected('token_audience')
  const project = optionalText(claims, 'project')
  const user = optionalText(claims, 'user')
  const job = optionalText(claims, 'job')
  const act = parseActor(claims.get('act'))
  const permitted = parsePermittedActor(claims.get('may_act'))
  const cnf = parseConfirmation(claims.get('cnf'))
  return {
    iss: requiredText(claims, 'iss'),
    sub: requiredText(claims, 'sub'),
    aud: requiredText(claims, 'aud'),
    exp: numericDate(claims, 'exp'),
    nbf: numericDate(claims, 'nbf'),
    iat: numericDate(claims, 'iat'),
    jti: requiredText(claims, 'jti'),
    ...(project === undefined ? {} : { project }),
    ...(user === undefined ? {} : { user }),
    ...(job === undefined ? {} : { job }),
    ...(act === undefined ? {} : { act }),
    ...(permitted === undefined ? {} : { may_act: permitted }),
    ...(cnf === undefined ? {} : { cnf }),
  }
}

/** Parses JSON text that must be an object. Throws `TokenRejected` (`token_malformed`). */
export function parseObject(bytes: Uint8Array): object {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // Falls through: that it is no JSON is the whole finding, and a parser's message would quote the token.
  }
  throw new TokenRejected('token_malformed')
}

type Members = ReadonlyMap<string, unknown>

function requiredText(claims: Members, name: string): string {
  const value = claims.get(name)
  if (typeof value !== 'string' || value === '') throw new TokenRejected('token_malformed', { claim: name })
  return value
}

function optionalText(claims: Members, name: string): string | undefined {
  return claims.has(name) ? requiredText(claims, name) : undefined
}

/** RFC 7519 §2 allows fractions; ours have none, and an exponent large enough to be `Infinity` is none. */
function numericDate(claims: Members, name: string): number {
  const value = claims.get(name)
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new TokenRejected('token_malformed', { claim: name })
  }
  return value
}

/** A `cnf` that is not understood refuses the token: to drop it would make a bound token a bearer token. */
export function parseConfirmation(cnf: unknown): TokenClaims['cnf'] {
  if (cnf === undefined) return undefined
  const members = typeof cnf === 'object' && cnf !== null ? Object.entries(cnf) : []
  const [first] = members
  if (members.length !== 1 || first?.[0] !== 'x5t#S256' || typeof first[1] !== 'string') {
    throw new TokenRejected('token_malformed', { claim: 'cnf' })
  }
  return { 'x5t#S256': first[1] }
}
