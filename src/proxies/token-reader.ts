// Step 7t, the part that holds for ever: what a presented token says, once its signature is verified. Seen again, a token costs a
// hash: facts are kept by its SHA-256 for as long as the key that verified it stands. Time, audience, revocation and binding are not
// among them; the decision judges those each time.
//
// Refusals are not kept: strangers can make as many tokens as they like, and would push out those in use.
import { hash } from 'node:crypto'
import type { RefusedToken, TokenFacts, TokenFault, TokenSubject, VerifiedToken } from '../access/facts.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { Clock } from '../domain/clock.ts'
import { parseServiceName } from '../domain/dns-name.ts'
import type { NameRules } from '../domain/name-rules.ts'
import { NameRejected } from '../domain/name-rules.ts'
import { parseProjectName } from '../domain/project-name.ts'
import { RecentlyUsed } from '../domain/recently-used.ts'
import { parseServiceAccountName, parseUserName } from '../domain/user-name.ts'
import { TokenRejected, type TokenRejectedCode } from '../tokens/errors.ts'
import type { TokenClaims } from '../tokens/token-claims.ts'
import {
  IssuerUnreachable,
  SubjectUnmapped,
  type TrustedIssuer,
  type TrustedIssuers,
} from '../tokens/trusted-issuer.ts'
import {
  claimedIssuer,
  type LastingToken,
  mappedIdentity,
  verifyForeignLastingly,
} from '../tokens/verify-foreign-token.ts'
import { verifyLastingly, type VerificationKeys } from '../tokens/verify-token.ts'
import { externalGroups } from './external-groups.ts'

export interface TokenReaderParts {
  readonly clock: Clock
  readonly names: NameRules
  /** `iss` of our own. */
  readonly issuer: string
  readonly keys: { verificationKeys(now: Date): VerificationKeys }
  readonly maxLifetimeSeconds: number
  readonly trustedIssuers: TrustedIssuers
}

/** Facts take about 1 KiB each. */
const DEFAULT_CAPACITY = 20_000

interface Kept {
  readonly facts: VerifiedToken
  /** Whether the key that verified it stands. Throws `IssuerUnreachable`. */
  readonly stands: () => boolean | Promise<boolean>
}

export class TokenReader {
  readonly #parts: TokenReaderParts
  /** By SHA-256. */
  readonly #kept: RecentlyUsed<string, Kept>

  constructor(parts: TokenReaderParts, capacity: number = DEFAULT_CAPACITY) {
    this.#parts = parts
    this.#kept = new RecentlyUsed(capacity)
  }

  /** Never rejects for what a token is: that is its facts. */
  async factsOf(token: string): Promise<TokenFacts> {
    try {
      return (await this.#known(token)) ?? (await this.#verify(token))
    } catch (error) {
      return refusedFor(error, this.#methodOf(token))
    }
  }

  async #known(token: string): Promise<VerifiedToken | undefined> {
    const digest = digestOf(token)
    const kept = this.#kept.get(digest)
    if (kept === undefined) return undefined
    if (await kept.stands()) return kept.facts
    this.#kept.delete(digest)
    return undefined
  }

  async #verify(token: string): Promise<VerifiedToken> {
    const iss = claimedIssuer(token)
    const trusted = this.#parts.trustedIssuers.get(iss ?? '')
    if (trusted === undefined && iss !== this.#parts.issuer) throw new TokenRejected('token_issuer')
    const kept = trusted === undefined ? await this.#verifyOwn(token) : await this.#verifyForeign(token, trusted)
    this.#kept.put(digestOf(token), kept)
    return kept.facts
  }

  async #verifyOwn(token: string): Promise<Kept> {
    const { keys, clock, issuer, maxLifetimeSeconds, names } = this.#parts
    const expected = { keys: keys.verificationKeys(clock.now()), typ: 'at+jwt', issuer, maxLifetimeSeconds } as const
    const { kid, claims } = await verifyLastingly(token, expected)
    // A kid is the thumbprint of its key: the same kid is the same key.
    return { facts: ownFacts(claims, names), stands: () => keys.verificationKeys(clock.now()).has(kid) }
  }

  async #verifyForeign(token: string, issuer: TrustedIssuer): Promise<Kept> {
    const lasting = await verifyForeignLastingly(token, issuer)
    const { kid, key } = lasting
    return { facts: foreignFacts(lasting), stands: async () => (await issuer.keys.key(kid)) === key }
  }

  /** Of a token that does not hold: by whom it says it is from. */
  #methodOf(token: string): RefusedToken['method'] {
    try {
      return this.#parts.trustedIssuers.has(claimedIssuer(token) ?? '') ? 'oidc' : 'jwt'
    } catch (error) {
      if (error instanceof TokenRejected) return 'jwt'
      throw error
    }
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}

const FAULTS: Readonly<Record<TokenRejectedCode, TokenFault>> = {
  token_malformed: 'TOKEN_MALFORMED',
  token_type: 'TOKEN_TYPE',
  token_signature: 'TOKEN_SIGNATURE',
  token_issuer: 'TOKEN_ISSUER',
  token_audience: 'TOKEN_AUDIENCE',
  token_expired: 'TOKEN_EXPIRED',
  token_key_unknown: 'TOKEN_KEY_UNKNOWN',
  token_revoked: 'TOKEN_REVOKED',
  token_binding: 'TOKEN_BINDING',
}

function refusedFor(error: unknown, method: RefusedToken['method']): RefusedToken {
  return { kind: 'token', method, verdict: 'refused', reason: faultOf(error) }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof TokenRejected) return FAULTS[error.code]
  if (error instanceof IssuerUnreachable) return 'PDP_UNAVAILABLE'
  // Of an issuer that is trusted for others, and not for this subject.
  if (error instanceof SubjectUnmapped) return 'TOKEN_ISSUER'
  if (error instanceof NameRejected) return 'TOKEN_MALFORMED'
  if (error instanceof CodedError) return 'PDP_UNAVAILABLE'
  throw error
}

function ownFacts(claims: TokenClaims, names: NameRules): VerifiedToken {
  const { aud, jti, iat, nbf, exp, cnf } = claims
  return {
    kind: 'token',
    method: 'jwt',
    verdict: 'verified',
    subject: ownSubject(claims, names),
    audience: [aud],
    jti,
    notBefore: new Date(Math.max(nbf, iat) * 1000),
    expiresAt: new Date(exp * 1000),
    boundTo: fingerprintIn(cnf),
    scopes: 'unrestricted',
  }
}

/** A job's token speaks for the member or account that it runs for; it is revoked when the job ends. */
function ownSubject({ sub, project, user }: TokenClaims, names: NameRules): TokenSubject {
  if (project === undefined || user === undefined) return { kind: 'service', service: parseServiceName(sub, names) }
  const inProject = parseProjectName(project, names)
  return user.startsWith(names.serviceAccountPrefix)
    ? { kind: 'account', project: inProject, account: parseServiceAccountName(user, names) }
    : { kind: 'member', project: inProject, user: parseUserName(user, names) }
}

function foreignFacts(token: LastingToken): VerifiedToken {
  return {
    kind: 'token',
    method: 'oidc',
    verdict: 'verified',
    subject: foreignSubject(token),
    audience: 'configured',
    jti: undefined,
    notBefore: token.notBefore,
    expiresAt: token.expiresAt,
    boundTo: fingerprintIn(token.cnf),
    scopes: 'unrestricted',
  }
}

/** One of ours where the entry maps it, and otherwise whoever the issuer says. Throws `SubjectUnmapped`, `TokenRejected`. */
function foreignSubject(token: LastingToken): TokenSubject {
  const { issuer, sub, claims, issuedAt } = token
  const { others } = issuer
  if (issuer.identities.has(sub) || others.kind === 'nobody') {
    const { project, who } = mappedIdentity(token)
    return who.kind === 'user'
      ? { kind: 'member', project, user: who.name }
      : { kind: 'account', project, account: who.name }
  }
  const groups = others.kind === 'without-groups' ? new Set<string>() : externalGroups(claims, others)
  if (groups === undefined) throw new TokenRejected('token_malformed', { claim: 'groups' })
  return { kind: 'external', idp: issuer.name, subject: sub, groups, signedInAt: signedInAt(claims) ?? issuedAt }
}

/** `auth_time` (OpenID Connect Core 1.0 §2). One that is no time refuses the token. Throws `TokenRejected`. */
function signedInAt(claims: ReadonlyMap<string, unknown>): Date | undefined {
  const value = claims.get('auth_time')
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER / 1000) return new Date(value * 1000)
  throw new TokenRejected('token_malformed', { claim: 'auth_time' })
}

/** The decision compares the hexadecimal digest of a certificate. What is no SHA-256 is equal to none. */
function fingerprintIn(cnf: TokenClaims['cnf']): string | undefined {
  return cnf === undefined ? undefined : Buffer.from(cnf['x5t#S256'], 'base64url').toString('hex')
}
