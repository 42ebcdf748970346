// What is known of revocation: the CRLs of every CA, and on top of them what a feed said since. A certificate is good only while CRLs that
// speak for it are in force, and those for all CAs above it: nothing that a feed says makes an old CRL young, or takes back what a CRL
// lists. RFC 5280 §6.3.3 is in `verifier/revocation/`; here it is asked along the path.
import type { VerifiedCertificate } from '../../access/facts.ts'
import type { IssuerId } from '../../domain/issuer-id.ts'
import { MAX_CRL_BYTES } from '../../x509/crl.ts'
import { hexOf } from '../../x509/hex.ts'
import { type PathCertificate, readPathCertificate } from '../path/path-certificate.ts'
import type { RevocationQuestion } from '../path/revocation-check.ts'
import { CrlCache, type PutFault, type PutOutcome } from '../revocation/crl-cache.ts'
import type { FeedEvent } from '../revocation/feed-events.ts'
import { STRICT_REVOCATION } from '../revocation/revocation-policy.ts'
import type { RevocationStatus } from '../revocation/revocation-status.ts'
import type { VerifiedCrl } from '../revocation/verified-crl.ts'
import type { HeldCrl } from './held-crl.ts'
import type { PeerAuthorities, PeerAuthority } from './peer-authorities.ts'
import type { RevocationAnswer } from './revocation-answer.ts'

export type ListFault = PutFault

export type TakenCrl =
  | { readonly kind: 'taken' | 'unchanged'; readonly issuer: IssuerId }
  | { readonly kind: 'refused'; readonly fault: ListFault }

export class RevocationLists {
  #authorities: PeerAuthorities
  #byId: ReadonlyMap<IssuerId, PathCertificate>
  #cache: CrlCache
  /** Of certificates that are verified: those that come again are not read again. */
  readonly #leaves = new WeakMap<VerifiedCertificate, PathCertificate>()

  constructor(authorities: PeerAuthorities) {
    this.#authorities = authorities
    this.#byId = pathCertificatesOf(authorities)
    this.#cache = new CrlCache([...this.#byId.values()], STRICT_REVOCATION)
  }

  /** CAs that stay keep their lists, and what was said of them. */
  trust(authorities: PeerAuthorities): void {
    this.#authorities = authorities
    this.#byId = pathCertificatesOf(authorities)
    this.#cache = this.#cache.under([...this.#byId.values()])
  }

  put(der: Uint8Array, at: Date): TakenCrl {
    const outcome = this.#cache.putDer(der, at, MAX_CRL_BYTES)
    if (outcome.kind === 'refused') return { kind: 'refused', fault: outcome.code }
    return { kind: outcome.kind, issuer: this.#issuerOf(outcome) }
  }

  /** Of CAs that are not believed nothing is kept. */
  tell(issuer: IssuerId, event: FeedEvent): void {
    const authority = this.#byId.get(issuer)
    if (authority !== undefined) this.#cache.applyEvent(authority, event)
  }

  /** A signed checkpoint stands behind everything that was told so far. */
  vouch(): void {
    this.#cache.vouchForFeed()
  }

  /** The feed begins anew after `seq`: everything before it stands in the CRLs that are held. */
  restart(seq: number): void {
    for (const authority of this.#byId.values()) this.#cache.restartFeed(authority, seq)
  }

  /** Of the certificate and of every CA above it; the first that is revoked, else the first that is not known, says it. */
  answer(certificate: VerifiedCertificate, der: Uint8Array, at: Date): RevocationAnswer {
    const answers = [this.#single(this.#leafOf(certificate, der), certificate.issuer, at)]
    let authority = this.#authorities.byId.get(certificate.issuer)
    while (authority?.parent !== undefined) {
      answers.push(this.#single(this.#byId.get(authority.id), authority.parent.id, at))
      authority = authority.parent
    }
    return worstOf(answers)
  }

  /** Of one certificate of a path: whoever builds the path asks for each. */
  check({ certificate, issuer, at }: RevocationQuestion): RevocationStatus {
    return this.#cache.check(certificate, issuer, at)
  }

  /** The complete CRLs that are held. */
  held(): readonly HeldCrl[] {
    return [...this.#cache.crls()].filter(isComplete).map((verified) => {
      const { thisUpdate, nextUpdate, number } = verified.crl
      return { issuer: this.#issuerOf({ crl: verified }), number: String(number), thisUpdate, nextUpdate }
    })
  }

  numberOf(issuer: IssuerId): bigint | undefined {
    const numbers = [...this.#cache.crls()]
      .filter((verified) => isComplete(verified) && this.#issuerOf({ crl: verified }) === issuer)
      .map(({ crl }) => crl.number)
    return numbers[0]
  }

  #single(certificate: PathCertificate | undefined, issuerId: IssuerId, at: Date): RevocationAnswer {
    const issuer = this.#byId.get(issuerId)
    if (certificate === undefined || issuer === undefined) return { kind: 'unknown', fault: 'crl-missing' }
    const status = this.#cache.check(certificate, issuer, at)
    if (status.kind === 'revoked') return { kind: 'revoked', reason: status.reason ?? 'unspecified', date: status.at }
    if (status.kind === 'unknown')
      return this.#stillListed(certificate, issuer) ?? { kind: 'unknown', fault: status.code }
    const { freshUntil } = status
    return freshUntil === undefined
      ? { kind: 'unknown', fault: 'crl-next-update-missing' }
      : { kind: 'good', goodUntil: freshUntil }
  }

  /** By a list that has ended: nobody is known to have taken it back, and who asks for no fresh list must not let it pass. */
  #stillListed({ certificate }: PathCertificate, issuer: PathCertificate): RevocationAnswer | undefined {
    const serialHex = hexOf(certificate.tbs.serialNumber)
    for (const verified of this.#cache.crls()) {
      if (verified.signer !== issuer) continue
      const entry = verified.crl.entries.get(serialHex)
      if (entry !== undefined && entry.reason !== 'removeFromCRL') {
        return { kind: 'revoked', reason: entry.reason, date: entry.date }
      }
    }
    return undefined
  }

  #leafOf(certificate: VerifiedCertificate, der: Uint8Array): PathCertificate {
    const leaf = this.#leaves.get(certificate) ?? readPathCertificate(der)
    this.#leaves.set(certificate, leaf)
    return leaf
  }

  #issuerOf({ crl }: Pick<PutOutcome & { kind: 'taken' }, 'crl'>): IssuerId {
    for (const [id, authority] of this.#byId) if (authority === crl.signer) return id
    // A cache takes CRLs of its own authorities alone.
    throw new TypeError('a CRL of no CA')
  }
}

function pathCertificatesOf({ byId }: PeerAuthorities): ReadonlyMap<IssuerId, PathCertificate> {
  return new Map(
    [...byId.values()].map(({ id, certificate }: PeerAuthority) => [id, readPathCertificate(certificate.der)]),
  )
}

function isComplete({ crl }: VerifiedCrl): boolean {
  return crl.deltaBase === undefined && crl.issuingDistributionPoint === undefined
}

function worstOf(answers: readonly RevocationAnswer[]): RevocationAnswer {
  const revoked = answers.find(({ kind }) => kind === 'revoked')
  if (revoked !== undefined) return revoked
  const [first, ...rest] = answers
  if (first === undefined) return { kind: 'unknown', fault: 'crl-missing' }
  return rest.reduce((worst, each) => {
    if (worst.kind !== 'good') return worst
    return each.kind === 'good' && each.goodUntil >= worst.goodUntil ? worst : each
  }, first)
}
