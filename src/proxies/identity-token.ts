// Who is calling, signed, for the model server behind a proxy: a JWT of its own use (`identity+jwt`) and for one deployment, that
// lives a minute (RFC 7519; RFC 8725 §3.11). What a model server is told in clear headers is worth what its network is worth.
//
// A signature costs more than a decision: one is passed on until half of its life is over.
import type { Clock } from '../domain/clock.ts'
import { unixSeconds } from '../domain/clock.ts'
import { RecentlyUsed } from '../domain/recently-used.ts'

/** Signs with a token key that the key set publishes. */
export interface IdentitySigner {
  /** `iss`. */
  readonly issuer: string
  /** A compact JWS of `typ: identity+jwt`. */
  sign(claims: object): Promise<string>
}

export interface PassedIdentity {
  readonly subject: string
  readonly kind: string
  /** Of a member or an account. */
  readonly project: string | undefined
  readonly actingUser: string
  readonly deployment: string
  /** SHA-256 of the client's certificate, hexadecimal, if it showed one. */
  readonly fingerprint: string | undefined
  /** No token outlives the answer that it tells of. */
  readonly validUntil: Date | undefined
}

const LIFE_SECONDS = 60
/** An entry takes about 1 KiB. */
const DEFAULT_CAPACITY = 32_768

interface Kept {
  readonly token: Promise<string>
  readonly until: number
}

export class IdentityTokens {
  readonly #signer: IdentitySigner
  readonly #clock: Clock
  readonly #kept: RecentlyUsed<string, Kept>

  constructor(signer: IdentitySigner, clock: Clock, capacity: number = DEFAULT_CAPACITY) {
    this.#signer = signer
    this.#clock = clock
    this.#kept = new RecentlyUsed(capacity)
  }

  /** Rejects when no key may sign now: then nobody is told who calls, and the call is not let through. */
  tokenFor(identity: PassedIdentity): Promise<string> {
    const key = keyOf(identity)
    const now = this.#clock.now()
    const kept = this.#kept.get(key)
    if (kept !== undefined && now.getTime() < kept.until) return kept.token
    return this.#make(key, identity, now)
  }

  #make(key: string, identity: PassedIdentity, now: Date): Promise<string> {
    const claims = claimsOf(identity, this.#signer.issuer, unixSeconds(now))
    const token = this.#signer.sign(claims)
    this.#kept.put(key, { token, until: (claims.iat + (claims.exp - claims.iat) / 2) * 1000 })
    token.catch(() => this.#kept.delete(key))
    return token
  }
}

/** All that the claims follow from, but for the time. None of it holds a line feed: names have none, and headers cannot (step 1a). */
function keyOf({ subject, kind, actingUser, deployment, fingerprint, validUntil }: PassedIdentity): string {
  const end = validUntil === undefined ? '' : String(unixSeconds(validUntil))
  return `${kind}\n${subject}\n${actingUser}\n${deployment}\n${fingerprint ?? ''}\n${end}`
}

function claimsOf(identity: PassedIdentity, iss: string, iat: number) {
  const { subject, kind, project, actingUser, deployment, fingerprint, validUntil } = identity
  const end = validUntil === undefined ? Infinity : unixSeconds(validUntil)
  return {
    iss,
    sub: subject,
    aud: deployment,
    iat,
    nbf: iat,
    exp: Math.max(iat, Math.min(iat + LIFE_SECONDS, end)),
    subject_kind: kind,
    acting_user: actingUser,
    deployment,
    ...(project === undefined ? {} : { project }),
    ...(fingerprint === undefined
      ? {}
      : { cnf: { 'x5t#S256': Buffer.from(fingerprint, 'hex').toString('base64url') } }),
  }
}
