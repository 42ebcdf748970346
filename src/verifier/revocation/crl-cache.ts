// The CRLs that a consumer holds, complete, delta and partitioned, each verified before it replaces another, and what a feed
// said since. One that is no better than the one that is held is refused, and that one stays until it ends.
import { type Crl, parseCrl } from '../../x509/crl.ts'
import { CrlRejected } from '../../x509/crl-rejected.ts'
import { hexOf } from '../../x509/hex.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { pointsOf } from './certificate-points.ts'
import { type CurrentCrl, currentOfSeries } from './current-crl.ts'
import { type EventOutcome, type FeedEvent, FeedEvents } from './feed-events.ts'
import { dateFault } from './freshness.ts'
import { judgeByCurrentCrls } from './judge-by-crls.ts'
import type { KnownCrl } from './known-crl.ts'
import { ALL_REASONS } from './reason-mask.ts'
import type { RevocationPolicy } from './revocation-policy.ts'
import { type RevocationFault, type RevocationStatus, unknown } from './revocation-status.ts'
import { VerifiedCrl } from './verified-crl.ts'

/** Most scopes of all issuers together: a thousand partitions with a delta each, and room. */
export const MAX_SERIES = 4096

/** Part of the interface: listed in docs/verifier.md, never renamed. */
export const CACHE_FAULTS = ['crl-number-lower', 'crl-number-reused', 'crl-older', 'crl-too-many'] as const

export type PutFault = RevocationFault | (typeof CACHE_FAULTS)[number]

export type PutOutcome =
  | { readonly kind: 'taken' | 'unchanged'; readonly crl: VerifiedCrl }
  /** `begins`: of `crl-not-yet-valid`, when it is worth another try. */
  | { readonly kind: 'refused'; readonly code: PutFault; readonly begins?: Date }

/** A complete CRL and the newest deltas of its scope; each may be missing. */
interface Held {
  readonly complete?: VerifiedCrl
  /** To the complete one, or with none to hold it against. */
  readonly delta?: VerifiedCrl
  /** To a newer complete one than is held: it takes the place of no other, since it does not say what stands in that one. */
  readonly ahead?: VerifiedCrl
}

export class CrlCache {
  readonly #authorities: readonly PathCertificate[]
  readonly #policy: RevocationPolicy
  /** By canonical name of the issuer, by series. */
  readonly #held = new Map<string, Map<string, Held>>()
  /** By fingerprint of the authority's key. */
  readonly #events = new Map<string, FeedEvents>()
  #series = 0

  /** `authorities` hold as CAs, and alone may sign CRLs. That none of them is revoked is asked of this cache as of any other. */
  constructor(authorities: readonly PathCertificate[], policy: RevocationPolicy) {
    this.#authorities = authorities
    this.#policy = policy
    for (const authority of authorities) this.#events.set(keyOf(authority), new FeedEvents())
  }

  /** `maxBytes` bounds what is parsed at all. */
  putDer(der: Uint8Array, at: Date, maxBytes?: number): PutOutcome {
    try {
      return this.put(parseCrl(der, maxBytes), at)
    } catch (error) {
      if (error instanceof CrlRejected) return { kind: 'refused', code: 'crl-malformed' }
      throw error
    }
  }

  put(crl: Crl, at: Date): PutOutcome {
    const verification = VerifiedCrl.verify(crl, this.#authorities, { ...this.#policy, crlNumber: 'required' })
    if (verification.kind === 'refused') return verification
    const verified = verification.crl
    const fault = this.#scopeFault(verified) ?? this.#dateFault(verified, at)
    if (fault === 'crl-not-yet-valid') return { kind: 'refused', code: fault, begins: crl.thisUpdate }
    if (fault !== undefined) return { kind: 'refused', code: fault }
    const before = this.#heldAs(verified)
    const rank = rankAgainst(
      verified,
      crl.deltaBase === undefined ? before?.complete : (before?.ahead ?? before?.delta),
    )
    if (rank === 'unchanged') return { kind: 'unchanged', crl: verified }
    if (rank !== 'newer') return { kind: 'refused', code: rank }
    if (before === undefined && !this.#hasRoom(at)) return { kind: 'refused', code: 'crl-too-many' }
    this.#hold(verified, before)
    return { kind: 'taken', crl: verified }
  }

  /** What is known of a certificate that `issuer`, one of the authorities, signed. */
  check(certificate: PathCertificate, issuer: PathCertificate, at: Date): RevocationStatus {
    const serialHex = hexOf(certificate.certificate.tbs.serialNumber)
    const issuers = this.#authorities.filter(({ subject }) => subject === issuer.subject)
    const feeds = issuers.flatMap((each) => this.#events.get(keyOf(each)) ?? [])
    const told = feeds.map((feed) => feed.find(serialHex)).find((status) => status !== undefined)
    if (told !== undefined) return told
    const current = this.#currentFor({ certificate, issuer, at })
    const status = judgeByCurrentCrls({ certificate, at, policy: this.#policy }, current)
    return status.kind === 'good' && feeds.some(({ incomplete }) => incomplete) ? unknown('feed-incomplete') : status
  }

  applyEvent(authority: PathCertificate, event: FeedEvent): EventOutcome | 'issuer-other' {
    return this.#events.get(keyOf(authority))?.apply(event) ?? 'issuer-other'
  }

  /** A signed checkpoint stands behind everything that was applied so far. */
  vouchForFeed(): void {
    for (const events of this.#events.values()) events.vouch()
  }

  /**
   * The feed begins anew after `seq`, behind CRLs that cover it. What nobody vouched for is forgotten; all else stays until a
   * complete CRL lists it, or was made after it.
   */
  restartFeed(authority: PathCertificate, seq: number): void {
    this.#events.get(keyOf(authority))?.restart(seq)
  }

  /** The same under other CAs: what is held and was said of those that stay is kept, also a list that has ended. */
  under(authorities: readonly PathCertificate[]): CrlCache {
    const next = new CrlCache(authorities, this.#policy)
    for (const [key, events] of this.#events) if (next.#events.has(key)) next.#events.set(key, events)
    for (const { crl } of this.crls()) next.#keep(crl)
    return next
  }

  #keep(crl: Crl): void {
    const verification = VerifiedCrl.verify(crl, this.#authorities, this.#policy)
    if (verification.kind !== 'verified') return
    this.#hold(verification.crl, this.#heldAs(verification.crl))
  }

  /** Every CRL that is held, in no order. */
  *crls(): Generator<VerifiedCrl, undefined> {
    for (const series of this.#held.values()) {
      for (const held of series.values()) yield* allOf(held)
    }
    return undefined
  }

  *#currentFor({ certificate, issuer, at }: Asked): Generator<CurrentCrl, undefined> {
    const points = pointsOf(certificate)
    const others = points.kind === 'points' ? points.points.flatMap(({ crlIssuers }) => crlIssuers ?? []) : []
    for (const name of new Set([certificate.issuer, ...others])) {
      for (const held of this.#held.get(name)?.values() ?? []) {
        const crls = allOf(held).filter(({ signer }) => this.#maySpeakFor(issuer, signer))
        yield* currentOfSeries(crls, at, this.#policy)
      }
    }
    return undefined
  }

  #maySpeakFor(issuer: PathCertificate, signer: PathCertificate): boolean {
    return this.#policy.crlSigners === 'same-anchor' || keyOf(signer) === keyOf(issuer)
  }

  #scopeFault({ known }: VerifiedCrl): PutFault | undefined {
    if (known.indirect && this.#policy.indirectCrls === 'refused') return 'crl-indirect-refused'
    return known.certificates === 'attribute' ? 'crl-scope-other' : undefined
  }

  #dateFault({ crl }: VerifiedCrl, at: Date): PutFault | undefined {
    const fault = dateFault(crl, at, this.#policy)
    return fault === undefined ? undefined : `crl-${fault}`
  }

  #heldAs({ known, series }: VerifiedCrl): Held | undefined {
    return this.#held.get(known.issuer)?.get(series)
  }

  #hold(verified: VerifiedCrl, before: Held | undefined): void {
    const { known, series, signer, crl } = verified
    const ofIssuer = this.#held.get(known.issuer) ?? new Map<string, Held>()
    this.#held.set(known.issuer, ofIssuer)
    if (!ofIssuer.has(series)) this.#series++
    const held = heldWith(verified, before)
    ofIssuer.set(series, held)
    if (!isForAll(known)) return
    const events = this.#events.get(keyOf(signer))
    if (crl.deltaBase === undefined) events?.leaveTo(crl)
    else if (held.complete !== undefined && held.delta === verified) events?.leaveToDelta(crl.entries)
  }

  /** Scopes come and go as partitions do: those that ran out make room. */
  #hasRoom(at: Date): boolean {
    if (this.#series < MAX_SERIES) return true
    for (const ofIssuer of this.#held.values()) {
      for (const [series, held] of ofIssuer) {
        if (allOf(held).some(({ crl }) => dateFault(crl, at, this.#policy) === undefined)) continue
        ofIssuer.delete(series)
        this.#series--
      }
    }
    return this.#series < MAX_SERIES
  }
}

interface Asked {
  readonly certificate: PathCertificate
  readonly issuer: PathCertificate
  readonly at: Date
}

/** Whatever it lists, it says of every certificate that could be meant. */
function isForAll({ names, certificates, reasons, indirect }: KnownCrl): boolean {
  return names === undefined && certificates === 'all' && reasons === ALL_REASONS && !indirect
}

function keyOf({ certificate }: PathCertificate): string {
  return certificate.tbs.publicKey.fingerprint
}

function allOf({ complete, delta, ahead }: Held): readonly VerifiedCrl[] {
  return [complete, delta, ahead].filter((crl) => crl !== undefined)
}

/** The others as they stand to it: a delta that was ahead may fit a newer complete one. */
function heldWith(verified: VerifiedCrl, before: Held = {}): Held {
  const isDelta = verified.crl.deltaBase !== undefined
  const complete = isDelta ? before.complete : verified
  const deltas = [...(isDelta ? [verified] : []), ...[before.ahead, before.delta].filter((each) => each !== undefined)]
  const delta = deltas.find((each) => !isAhead(each, complete))
  const ahead = deltas.find((each) => isAhead(each, complete))
  return {
    ...(complete === undefined ? {} : { complete }),
    ...(delta === undefined ? {} : { delta }),
    ...(ahead === undefined ? {} : { ahead }),
  }
}

function isAhead({ crl: { deltaBase } }: VerifiedCrl, complete: VerifiedCrl | undefined): boolean {
  const number = complete?.crl.number
  return deltaBase !== undefined && number !== undefined && deltaBase > number
}

type Rank = 'newer' | 'unchanged' | Extract<PutFault, 'crl-number-lower' | 'crl-number-reused' | 'crl-older'>

/** Of one number there is one CRL, signed once or twice: another is somebody's mistake, and which of them is unknown. */
function rankAgainst({ crl }: VerifiedCrl, held: VerifiedCrl | undefined): Rank {
  const [before, after] = [held?.crl.number, crl.number]
  if (held === undefined || before === undefined || after === undefined) return 'newer'
  if (after < before) return 'crl-number-lower'
  if (after === before)
    return Buffer.compare(crl.tbs.encoded, held.crl.tbs.encoded) === 0 ? 'unchanged' : 'crl-number-reused'
  return crl.thisUpdate < held.crl.thisUpdate ? 'crl-older' : 'newer'
}
