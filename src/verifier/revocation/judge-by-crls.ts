// What verified CRLs say about a certificate (RFC 5280 §6.3.3): each of its distribution points is held against each CRL
// that counts, until every reason is covered. One that lists the certificate is enough to refuse it.
import type { PathCertificate } from '../path/path-certificate.ts'
import { type CertificatePoint, pointsOf } from './certificate-points.ts'
import { coverageOf } from './crl-coverage.ts'
import { type CurrentCrl, currentCrls, listedIn } from './current-crl.ts'
import { ALL_REASONS } from './reason-mask.ts'
import type { RevocationPolicy } from './revocation-policy.ts'
import { nearestFault, type RevocationFault, type RevocationStatus, unknown } from './revocation-status.ts'
import type { VerifiedCrl } from './verified-crl.ts'

export interface CrlQuestion {
  readonly certificate: PathCertificate
  readonly at: Date
  readonly policy: RevocationPolicy
}

export function judgeByCrls(question: CrlQuestion, crls: readonly VerifiedCrl[]): RevocationStatus {
  const status = judgeByCurrentCrls(question, currentCrls(crls, question.at, question.policy))
  const isBaseMissing = status.kind === 'unknown' && status.code === 'crl-missing' && crls.length > 0
  return isBaseMissing ? unknown('crl-base-missing') : status
}

/** `crls` are those that count at the time of the question. */
export function judgeByCurrentCrls(question: CrlQuestion, crls: Iterable<CurrentCrl>): RevocationStatus {
  const points = pointsOf(question.certificate)
  if (points.kind === 'fault') return unknown(points.code)
  const judged = new CrlJudgement(question)
  for (const current of crls) {
    for (const point of points.points) judged.look(point, current)
  }
  return judged.status
}

class CrlJudgement {
  readonly #question: CrlQuestion
  readonly #faults = new Set<RevocationFault>()
  #revoked: RevocationStatus | undefined
  #reasons = 0
  #freshUntil: Date | undefined

  constructor(question: CrlQuestion) {
    this.#question = question
  }

  look(point: CertificatePoint, current: CurrentCrl): void {
    const { certificate, policy } = this.#question
    const coverage = coverageOf(certificate, point, current.base.known, policy)
    const fault = coverage.kind === 'fault' ? coverage.code : current.fault
    if (fault !== undefined) this.#faults.add(fault)
    else if (coverage.kind === 'covers') this.#read(current, coverage.reasons)
  }

  #read(current: CurrentCrl, reasons: number): void {
    const listed = listedIn(current, this.#question.certificate)
    if (listed.kind === 'contradicts') this.#faults.add('crl-entry-contradicts')
    if (listed.kind === 'listed' && listed.entry.reason !== 'removeFromCRL') {
      const { date, reason } = listed.entry
      this.#revoked = { kind: 'revoked', at: date, reason: reason === 'unspecified' ? undefined : reason }
    }
    if (listed.kind !== 'not-listed') return
    this.#reasons |= reasons
    this.#freshUntil = earlier(this.#freshUntil, current.freshUntil)
  }

  get status(): RevocationStatus {
    if (this.#revoked !== undefined) return this.#revoked
    if (this.#reasons === ALL_REASONS && !this.#faults.has('crl-entry-contradicts')) {
      return { kind: 'good', freshUntil: this.#freshUntil }
    }
    if (this.#reasons !== 0) this.#faults.add('crl-reasons-incomplete')
    return unknown(nearestFault(this.#faults, 'crl-missing'))
  }
}

function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a < b ? a : b
}
