// What is known of revocation: the CRLs of every CA, and on top of them what a feed said since. A certificate is good only while CRLs that
// speak for it are in force, and those for all CAs above it: nothing that a feed says makes an old CRL young, or takes back what a CRL
// lists. RFC 5280 §6.3.3 is in `verifier/revocation/`; here it is asked along the path.
import type { VerifiedCertificate } from '../../access/facts.ts'
import type { IssuerId } from '../../domain/issuer-id.ts'
import { MAX_CRL_BYTES } from '../../x509/crl.ts'
import { urisOf } from '../../x509/general-name.ts'
import { hexOf } from '../../x509/hex.ts'
import { type PathCertificate, readPathCertificate } from '../path/path-certificate.ts'
import type { RevocationQuestion } from '../path/revocation-check.ts'
import { CrlCache, type PutFault } from '../revocation/crl-cache.ts'
import type { FeedEvent } from '../revocation/feed-events.ts'
import { STRICT_REVOCATION } from '../revocation/revocation-policy.ts'
import type { RevocationStatus } from '../revocation/revocation-status.ts'
import type { VerifiedCrl } from '../revocation/verified-crl.ts'
import type { HeldCrl, HeldNumbers } from './held-crl.ts'
import type { PeerAuthorities } from './peer-authorities.ts'
import type { RevocationAnswer } from './revocation-answer.ts'

export type ListFault = PutFault

export type TakenCrl =
  | { readonly kind: 'taken' | 'unchanged'; readonly issuer: IssuerId }
  /** `begins`: it would be taken from then on, as far as time says. */
  | { readonly kind: 'refused'; readonly fault: ListFault; readonly begins?: Date }

/** Most CAs whose lists are kept, those of today and of before. */
const MAX_KEPT = 1000

export class RevocationLists {
  #authorities: PeerAuthorities
  #cache: CrlCache
  /** By fingerprint, the CAs of today and those that were left out meanwhile: who comes back must not find older lists believed. */
  #kept: ReadonlyMap<string, PathCertificate> = new Map()
  /** Of certificates that are verified: those that come again are not read again. */
  readonly #leaves = new WeakMap<VerifiedCertificate, PathCertificate>()

  constructor(authorities: PeerAuthorities) {
    this.#authorities = authorities
    this.#cache = new CrlCache([], STRICT_REVOCATION)
    this.trust(authorities)
  }

  /** CAs keep their lists, and what was said of them, also while they are not trusted. */
  trust(authorities: PeerAuthorities): void {
    this.#authorities = authorities
    const today = certificatesOf(authorities)
    const all = [...today, ...this.#kept.values()].map((each) => [each.certificate.fingerprint, each] as const)
    this.#kept = new Map([...new Map(all)].slice(0, Math.max(MAX_KEPT, today.length)))
    this.#cache = this.#cache.under([...this.#kept.values()])
  }

  put(der: Uint8Array, at: Date): TakenCrl {
    const outcome = this.#cache.putDer(der, at, MAX_CRL_BYTES)
    if (outcome.kind === 'refused') {
      const { code: fault, begins } = outcome
      return { kind: 'refused', fault, ...(begins === undefined ? {} : { begins }) }
    }
    const issuer = this.#issuerOf(outcome.crl)
    return issuer === undefined ? { kind: 'refused', fault: 'crl-issuer-other' } : { kind: outcome.kind, issuer }
  }

  /** Of CAs that are not believed nothing is kept. */
  tell(issuer: IssuerId, event: FeedEvent): void {
    const authority = this.#authorities.byId.get(issuer)
    if (authority !== undefined) this.#cache.applyEvent(authority.certificate, event)
  }

  /** A signed checkpoint stands behind everything that was told so far. */
  vouch(): void {
    this.#cache.vouchForFeed()
  }

  /** The feed begins anew after `seq`: everything before it stands in the CRLs that are held. */
  restart(seq: number): void {
    for (const certificate of this.#kept.values()) this.#cache.restartFeed(certificate, seq)
  }

  /** Of the certificate and of every CA above it; the first that is revoked, else the first that is not known, says it. */
  answer(certificate: VerifiedCertificate, der: Uint8Array, at: Date): RevocationAnswer {
    const path = this.#authorities.byId.get(certificate.issuer)?.path
    if (path === undefined) return { kind: 'unknown', fault: 'crl-missing' }
    const below = [this.#leafOf(certificate, der), ...path.certificates]
    const above = [...path.certificates, path.anchor]
    return worstOf(below.flatMap((each, depth) => this.#single(each, above[depth], at)))
  }

  /** Of one certificate of a path: whoever builds the path asks for each. */
  check({ certificate, issuer, at }: RevocationQuestion): RevocationStatus {
    return this.#cache.check(certificate, issuer, at)
  }

  /** Every CRL that is held. */
  held(): readonly HeldCrl[] {
    return [...this.#cache.crls()].flatMap((verified) => {
      const { thisUpdate, nextUpdate, number } = verified.crl
      const issuer = this.#issuerOf(verified)
      return issuer === undefined
        ? []
        : [{ issuer, ...kindOf(verified), number: String(number), thisUpdate, nextUpdate }]
    })
  }

  numbersOf(issuer: IssuerId): HeldNumbers | undefined {
    const own = [...this.#cache.crls()].filter((verified) => {
      return verified.crl.issuingDistributionPoint === undefined && this.#issuerOf(verified) === issuer
    })
    const complete = own.find(({ crl }) => crl.deltaBase === undefined)?.crl.number
    if (complete === undefined) return undefined
    const fitting = own.filter(({ crl }) => crl.deltaBase !== undefined && crl.deltaBase <= complete)
    const numbers = fitting.flatMap(({ crl }) => crl.number ?? [])
    return { complete, newest: numbers.reduce((newest, each) => (each > newest ? each : newest), complete) }
  }

  #single(certificate: PathCertificate, issuer: PathCertificate | undefined, at: Date): RevocationAnswer {
    if (issuer === undefined) return { kind: 'unknown', fault: 'crl-missing' }
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
      if (verified.signer.certificate.fingerprint !== issuer.certificate.fingerprint) continue
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

  /** Undefined: a CA that is not trusted any more. */
  #issuerOf({ signer }: VerifiedCrl): IssuerId | undefined {
    const { fingerprint } = signer.certificate
    for (const { id, certificate } of this.#authorities.byId.values()) {
      if (certificate.certificate.fingerprint === fingerprint) return id
    }
    return undefined
  }
}

function certificatesOf({ byId }: PeerAuthorities): readonly PathCertificate[] {
  return [...byId.values()].map(({ certificate }) => certificate)
}

function kindOf({ crl }: VerifiedCrl): Pick<HeldCrl, 'kind' | 'point'> {
  const name = crl.issuingDistributionPoint?.name
  const point = name?.kind === 'full' ? urisOf(name.names)[0] : undefined
  if (crl.deltaBase !== undefined) return { kind: 'delta', point }
  return { kind: crl.issuingDistributionPoint === undefined ? 'full' : 'partition', point }
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
