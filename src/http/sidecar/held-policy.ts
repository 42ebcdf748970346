// The policy that a sidecar holds: the last snapshot that it took, and every checkpoint after it. What comes is verified before
// anything of it is used: signer, signature, issuer, audience, order and age (SECURITY.md rule 40).
//
// Age runs on the monotonic clock, from the instant at which Signet knew that it knew everything. Clocks that differ make a
// snapshot older, never younger.
import { createPublicKey } from 'node:crypto'
import { LiveSnapshot } from '../../access/live-snapshot.ts'
import type { CertificateFacts } from '../../access/facts.ts'
import type { Snapshot } from '../../access/snapshot.ts'
import type { Clock } from '../../domain/clock.ts'
import { TokenReader } from '../../proxies/token-reader.ts'
import { algorithmOfJwk, parseTokenJwk } from '../../tokens/token-algorithm.ts'
import { readSnapshot, type SnapshotType, verifySnapshotSignature } from '../../tokens/snapshot-jws.ts'
import { SnapshotRejected } from '../../tokens/snapshot-rejected.ts'
import type { VerificationKeys } from '../../tokens/verify-token.ts'
import { ClientCertificateCache } from '../../verifier/client-certificate-cache.ts'
import { verifySnapshotSigner } from '../../verifier/snapshot-trust.ts'
import { buildTrust } from '../../verifier/trust.ts'
import {
  accessRulesOf,
  firstHead,
  hierarchyOf,
  nameRulesOf,
  nextHead,
  parseCheckpointClaims,
  parseSnapshotClaims,
  type SnapshotClaims,
} from './snapshot-document.ts'

/** How far the clock of Signet may be ahead of ours, in milliseconds. */
const CLOCK_LEEWAY_MILLISECONDS = 60_000

/** The highest that was ever taken. */
export interface Mark {
  readonly epoch: string
  readonly seq: number
}

export interface HeldPolicyParts {
  readonly clock: Clock
  readonly sidecar: string
  /** `iss` of what it takes: the public URL of Signet. */
  readonly issuer: string
  /** DER, pinned by the operator. */
  readonly roots: readonly Uint8Array[]
  /** Of the profile `snapshot-signer`. */
  readonly policyOid: string
  /** As it was kept by the process before. */
  readonly mark: Mark | undefined
  /**
   * Called before anything of it is used, so that no later process takes less. Where it throws, what has changed counts all the
   * same (a right that has ended is not given back for a full disk), and nothing grows younger by it.
   */
  readonly keep: (mark: Mark) => void
}

/** What a feed goes on from. */
export interface HeldPosition {
  readonly seq: number
  readonly head: string
  readonly scope: string
}

interface Held {
  readonly position: HeldPosition
  readonly certificates: ClientCertificateCache
  readonly tokens: TokenReader
}

type Recital = Pick<SnapshotClaims, 'iss' | 'aud' | 'epoch' | 'seq' | 'issuedAt' | 'validUntil'>

/** Longest life that is believed: the setting's upper bound. */
const MAX_LIFE_MILLISECONDS = 3_600_000

export class HeldPolicy {
  readonly #parts: HeldPolicyParts
  readonly #live = new LiveSnapshot(MAX_LIFE_MILLISECONDS)
  #mark: Mark | undefined
  /** Whether the mark is where the next process finds it. */
  #isKept = true
  #held: Held | undefined
  /** Called when something has changed. */
  onChange: () => void = () => undefined

  constructor(parts: HeldPolicyParts) {
    this.#parts = parts
    this.#mark = parts.mark
  }

  get snapshot(): Snapshot {
    return this.#live
  }

  /** Undefined before the first snapshot. */
  get position(): HeldPosition | undefined {
    return this.#held?.position
  }

  get mark(): Mark | undefined {
    return this.#mark
  }

  /** How long it may still be used if nothing more is heard, in milliseconds; not above 0 when it may not. */
  get leftMilliseconds(): number {
    const { confirmedAtMilliseconds, staleAfterMilliseconds } = this.#live
    return confirmedAtMilliseconds + staleAfterMilliseconds - this.#parts.clock.monotonicMilliseconds()
  }

  verifyCertificate(der: Uint8Array): CertificateFacts {
    if (this.#held === undefined)
      return { kind: 'refused', reason: 'CERT_UNTRUSTED', fault: 'issuer', validity: 'unproven' }
    return this.#held.certificates.verify(der)
  }

  tokenFacts(token: string): ReturnType<TokenReader['factsOf']> {
    return this.#held === undefined
      ? Promise.resolve({ kind: 'token', method: 'jwt', verdict: 'refused', reason: 'TOKEN_KEY_UNKNOWN' })
      : this.#held.tokens.factsOf(token)
  }

  /** From a connection with Signet that is open now. Throws `SnapshotRejected`. */
  takeSnapshot(jws: string): void {
    const payload = this.#verified(jws, 'snapshot+jwt')
    const claims = parseSnapshotClaims(payload)
    this.#checkParties(claims)
    const left = this.#leftOf(claims)
    const isNewEpoch = claims.epoch !== this.#mark?.epoch
    if (!isNewEpoch && claims.seq < (this.#mark?.seq ?? 0)) throw new SnapshotRejected('snapshot_rolled_back')
    const held = this.#heldOf(claims, payload)
    const before = this.#confirmedAt()
    this.#live.begin(claims.changes, claims.seq)
    this.#live.govern(accessRulesOf(claims.rules))
    this.#held = held
    this.#keepAndConfirm(claims, left, before)
  }

  /** Throws `SnapshotRejected`. What it says counts from then on. */
  takeCheckpoint(jws: string): void {
    const claims = parseCheckpointClaims(this.#verified(jws, 'checkpoint+jwt'))
    this.#checkParties(claims)
    const { position } = this.#held ?? {}
    if (position === undefined || claims.epoch !== this.#mark?.epoch) throw new SnapshotRejected('snapshot_epoch')
    if (claims.seq < position.seq) throw new SnapshotRejected('snapshot_rolled_back')
    const head = nextHead(position.head, position.seq, claims.seq, claims.changes)
    if (claims.after !== position.seq || claims.previous !== position.head || claims.head !== head) {
      throw new SnapshotRejected('checkpoint_gap')
    }
    const left = this.#leftOf(claims)
    this.#live.applyFeed(claims.changes, claims.seq)
    this.#live.govern(accessRulesOf(claims.rules))
    this.#move({ ...position, seq: claims.seq, head })
    this.#keepAndConfirm(claims, left, this.#confirmedAt())
  }

  /** Signet has said that this is no sidecar any more: nothing is decided from now on. */
  end(): void {
    this.#live.distrust()
    this.#held = undefined
    this.onChange()
  }

  #move(position: HeldPosition): void {
    if (this.#held !== undefined) this.#held = { ...this.#held, position }
  }

  /** Nothing was used between the change and this: both are one turn. */
  #keepAndConfirm(recital: Recital, leftMilliseconds: number, before: number): void {
    try {
      this.#keep(recital)
      this.#live.confirm(this.#parts.clock.monotonicMilliseconds() + leftMilliseconds - MAX_LIFE_MILLISECONDS)
    } catch (cause) {
      // As old as what it follows; the first one is none.
      this.#live.confirm(before)
      throw cause
    } finally {
      this.onChange()
    }
  }

  #confirmedAt(): number {
    return this.#live.confirmedAtMilliseconds
  }

  #verified(jws: string, typ: SnapshotType): Uint8Array {
    const unverified = readSnapshot(jws, typ)
    const { roots, policyOid, clock } = this.#parts
    // Revocation is looked up below, by what this sidecar holds.
    const question = { roots, policyOid, at: clock.now(), revocation: { kind: 'none' } } as const
    const verdict = verifySnapshotSigner(unverified.chain, question)
    if (verdict.kind === 'refused') throw new SnapshotRejected('snapshot_signer', { fault: verdict.fault })
    const { publicKey, serialHex, issuerSerialHex } = verdict
    if (this.#isRevoked(serialHex) || this.#isRevoked(issuerSerialHex))
      throw new SnapshotRejected('snapshot_signer', { fault: 'revoked' })
    // RSA of a size that Signet does not make.
    if (publicKey.algorithm === 'rsa') throw new SnapshotRejected('snapshot_signature')
    verifySnapshotSignature(unverified, publicKey.spki, publicKey.algorithm)
    return unverified.payload
  }

  /** By what was known before: a signer does not speak for itself. Serials of ours are unique across issuers (CP §7.1). */
  #isRevoked(serialHex: string): boolean {
    return this.#issuers.some((issuer) => this.#live.listed(issuer, serialHex) !== undefined)
  }

  #issuers: readonly string[] = []

  #checkParties({ iss, aud }: Recital): void {
    const { issuer, sidecar } = this.#parts
    if (iss !== issuer || aud !== sidecar) throw new SnapshotRejected('snapshot_foreign')
  }

  /** How much of its life is left. */
  #leftOf({ issuedAt, validUntil }: Recital): number {
    const now = this.#parts.clock.now().getTime()
    const life = validUntil - issuedAt
    if (issuedAt > now + CLOCK_LEEWAY_MILLISECONDS || !(life > 0 && life <= MAX_LIFE_MILLISECONDS)) {
      throw new SnapshotRejected('snapshot_malformed')
    }
    const left = life - Math.max(0, now - issuedAt)
    if (!(left > 0)) throw new SnapshotRejected('snapshot_expired')
    return left
  }

  #keep({ epoch, seq }: Recital): void {
    if (this.#isKept && this.#mark?.epoch === epoch && this.#mark.seq === seq) return
    this.#mark = { epoch, seq }
    this.#isKept = false
    this.#parts.keep(this.#mark)
    this.#isKept = true
  }

  #heldOf(claims: SnapshotClaims, payload: Uint8Array): Held {
    const hierarchy = hierarchyOf(claims, this.#parts.roots)
    this.#issuers = claims.issuers.map(({ id }) => id)
    const keys = verificationKeysOf(claims)
    return {
      position: { seq: claims.seq, head: firstHead(payload), scope: claims.scope },
      certificates: new ClientCertificateCache(buildTrust(hierarchy)),
      tokens: new TokenReader({
        clock: this.#parts.clock,
        names: nameRulesOf(claims.names),
        issuer: claims.tokens.issuer,
        keys: { verificationKeys: () => keys },
        maxLifetimeSeconds: claims.tokens.maxLifetimeSeconds,
        // Their keys are fetched by Signet alone: tokens of other issuers are exchanged there first.
        trustedIssuers: new Map(),
      }),
    }
  }
}

function verificationKeysOf({ tokens }: SnapshotClaims): VerificationKeys {
  return new Map(
    tokens.keys.map(({ kid, ...jwk }) => {
      const key = parseTokenJwk(jwk)
      const algorithm = algorithmOfJwk(key)
      return [kid, { kid, algorithm, key: createPublicKey({ key: { ...key }, format: 'jwk' }) }]
    }),
  )
}
