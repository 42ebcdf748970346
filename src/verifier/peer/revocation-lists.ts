// What is known of revocation: the CRLs of every CA, and on top of them what a feed said since. A certificate is good only while CRLs that
// speak for it are in force, and those for all CAs above it: nothing that a feed says makes an old CRL young, or takes back what a CRL
// lists. RFC 5280 §6.3.3 is in `verifier/revocation/`; here it is asked along the path.
import type { VerifiedCertificate } from '../../access/facts.ts'
import type { IssuerId } from '../../domain/issuer-id.ts'
import { MAX_CRL_BYTES } from '../../x509/crl.ts'
import { urisOf } from '../../x509/general-name.ts'
import { hexOf } from '../../x509/hex.ts'
import { OcspRejected } from '../../x509/ocsp-rejected.ts'
import { parseOcspResponse } from '../../x509/ocsp-response.ts'
import { CertificateRejected } from '../../x509/tbs-certificate.ts'
import { type PathCertificate, readPathCertificate } from '../path/path-certificate.ts'
import type { CandidatePath } from '../path/path-verdict.ts'
import type { RevocationQuestion } from '../path/revocation-check.ts'
import { CrlCache, type PutFault } from '../revocation/crl-cache.ts'
import type { FeedEvent } from '../revocation/feed-events.ts'
import { STRICT_REVOCATION } from '../revocation/revocation-policy.ts'
import { judgeByOcsp, type OcspQuestion } from '../revocation/judge-by-ocsp.ts'
import { combineStatuses, type RevocationStatus } from '../revocation/revocation-status.ts'
import type { VerifiedCrl } from '../revocation/verified-crl.ts'
import type { HeldCrl, HeldNumbers } from './held-crl.ts'
import type { PeerAuthorities } from './peer-authorities.ts'
import type { PeerQuestion } from './question.ts'
import type { RevocationAnswer } from './revocation-answer.ts'

export type ListFault = PutFault

export type TakenCrl =
  | { readonly kind: 'taken' | 'unchanged'; readonly issuer: IssuerId }
  /** `begins`: it would be taken from then on, as far as time says. */
  | { readonly kind: 'refused'; readonly fault: ListFault; readonly begins?: Date }

/** Most OCSP answers about one certificate that are looked at. */
const MAX_OCSP_RESPONSES = 4

type Asked = Required<Pick<PeerQuestion, 'at' | 'ocspResponses'>>

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
  answer(
    certificate: VerifiedCertificate,
    der: Uint8Array,
    { at, ocspResponses = [] }: Pick<PeerQuestion, 'at' | 'ocspResponses'>,
  ): RevocationAnswer {
    const path = this.#authorities.byId.get(certificate.issuer)?.path
    if (path === undefined) return { kind: 'unknown', fault: 'crl-missing' }
    return worstOf(this.#along(this.#leafOf(certificate, der), path, { at, ocspResponses }))
  }

  /** By a CA of its issuer's name, or above that. */
  isKnownRevoked(der: Uint8Array, at: Date): boolean {
    const leaf = readOrNone(der)
    if (leaf === undefined) return false
    return [...this.#authorities.byId.values()].some(
      ({ certificate, path = { certificates: [], anchor: certificate } }) => {
        const answers = certificate.subject === leaf.issuer ? this.#along(leaf, path, { at, ocspResponses: [] }) : []
        return answers.some(({ kind }) => kind === 'revoked')
      },
    )
  }

  #along(leaf: PathCertificate, { certificates, anchor }: CandidatePath, asked: Asked): readonly RevocationAnswer[] {
    const above = [...certificates, anchor]
    const answers = certificates.map((each, depth) => this.#single(each, above[depth + 1] ?? anchor, asked.at, []))
    return [this.#single(leaf, above[0] ?? anchor, asked.at, asked.ocspResponses), ...answers]
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

  #single(
    certificate: PathCertificate,
    issuer: PathCertificate,
    at: Date,
    ocspResponses: readonly Uint8Array[],
  ): RevocationAnswer {
    const listed = this.#cache.check(certificate, issuer, at)
    const ended = listed.kind === 'unknown' ? this.#stillListed(certificate, issuer) : undefined
    if (ended !== undefined) return ended
    if (ocspResponses.length === 0) return answerOf(listed)
    const judgeResponder: OcspAbout['judgeResponder'] = (responder) => this.#cache.check(responder, issuer, at)
    const answered = judgeAnswers(ocspResponses, { certificate, issuer, at, judgeResponder })
    return answerOf(combineStatuses([listed, ...answered], 'crl-missing'))
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

function readOrNone(der: Uint8Array): PathCertificate | undefined {
  try {
    return readPathCertificate(der)
  } catch (error) {
    if (error instanceof CertificateRejected) return undefined
    throw error
  }
}

type OcspAbout = Omit<OcspQuestion, 'policy' | 'nonce'>

/** What cannot be read says nothing. */
function judgeAnswers(ocspResponses: readonly Uint8Array[], about: OcspAbout): readonly RevocationStatus[] {
  return ocspResponses.slice(0, MAX_OCSP_RESPONSES).flatMap((der) => {
    try {
      return [judgeByOcsp({ ...about, policy: STRICT_REVOCATION, nonce: 'none' }, parseOcspResponse(der))]
    } catch (error) {
      if (error instanceof OcspRejected) return []
      throw error
    }
  })
}

function answerOf(status: RevocationStatus): RevocationAnswer {
  if (status.kind === 'revoked') return { kind: 'revoked', reason: status.reason ?? 'unspecified', date: status.at }
  if (status.kind === 'unknown') return { kind: 'unknown', fault: status.code }
  const { freshUntil } = status
  return freshUntil === undefined
    ? { kind: 'unknown', fault: 'crl-next-update-missing' }
    : { kind: 'good', goodUntil: freshUntil }
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
