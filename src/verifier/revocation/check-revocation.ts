// Revocation of the certificates of a path, by the CRLs and OCSP answers that are at hand: what path validation asks for
// (RFC 5280 §6.1.3 (a)(3), §6.3). Nothing is fetched; what is not at hand is unknown.
import { canonicalName } from '../../x509/distinguished-name.ts'
import type { Crl } from '../../x509/crl.ts'
import type { OcspResponse } from '../../x509/ocsp-response.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import type { CheckRevocation, RevocationQuestion } from '../path/revocation-check.ts'
import { pointsOf } from './certificate-points.ts'
import { CrlSigners } from './crl-signers.ts'
import { groupBy } from './group-by.ts'
import { judgeByCrls } from './judge-by-crls.ts'
import { judgeByOcsp } from './judge-by-ocsp.ts'
import type { RevocationPolicy } from './revocation-policy.ts'
import {
  combineStatuses,
  nearestFault,
  type RevocationFault,
  type RevocationStatus,
  unknown,
} from './revocation-status.ts'
import { VerifiedCrl } from './verified-crl.ts'

export interface RevocationEvidence {
  readonly crls: readonly Crl[]
  readonly ocspResponses: readonly OcspResponse[]
  /** CA certificates that may have signed CRLs, and their issuers. Not trusted: each must hold under the path's anchor. */
  readonly signers: readonly PathCertificate[]
}

/** What `check` answers is a `RevocationStatus`. */
export function revocationCheck(evidence: RevocationEvidence, policy: RevocationPolicy): CheckRevocation {
  const byIssuer = groupBy(evidence.crls, ({ issuer }) => canonicalName(issuer))
  const check = (question: RevocationQuestion): RevocationStatus => {
    const byCrls = (about: RevocationQuestion): RevocationStatus => judge(about, { byIssuer, policy, signers })
    const judgeResponder = (responder: PathCertificate) => byCrls(inPlaceOf(question, responder))
    const ocspQuestion = { ...question, policy, nonce: 'none', judgeResponder } as const
    const statuses = evidence.ocspResponses.map((response) => judgeByOcsp(ocspQuestion, response))
    return combineStatuses([...statuses, byCrls(question)], 'crl-missing')
  }
  const signers = new CrlSigners(evidence.signers, check)
  return check
}

/** The same question about another certificate that the same CA issued. */
function inPlaceOf(question: RevocationQuestion, certificate: PathCertificate): RevocationQuestion {
  const { certificates, anchor } = question.path
  const above = certificates.slice(certificates.indexOf(question.certificate) + 1)
  return { ...question, certificate, path: { certificates: [certificate, ...above], anchor } }
}

interface AtHand {
  readonly byIssuer: ReadonlyMap<string, readonly Crl[]>
  readonly policy: RevocationPolicy
  readonly signers: CrlSigners
}

function judge(question: RevocationQuestion, { byIssuer, policy, signers }: AtHand): RevocationStatus {
  const faults: RevocationFault[] = []
  const verified: VerifiedCrl[] = []
  for (const name of namesAsked(question.certificate)) {
    const crls = byIssuer.get(name) ?? []
    if (crls.length === 0) continue
    const candidates = policy.crlSigners === 'issuer-key' ? [question.issuer] : signers.of(name, question)
    for (const crl of crls) {
      const verification = VerifiedCrl.verify(crl, candidates, policy)
      if (verification.kind === 'verified') verified.push(verification.crl)
      else faults.push(verification.code)
    }
  }
  const status = judgeByCrls({ ...question, policy }, verified)
  return status.kind === 'unknown' ? unknown(nearestFault(faults, status.code)) : status
}

/** Issuers whose CRLs could be about the certificate. */
function namesAsked(certificate: PathCertificate): ReadonlySet<string> {
  const points = pointsOf(certificate)
  const others = points.kind === 'points' ? points.points.flatMap(({ crlIssuers }) => crlIssuers ?? []) : []
  return new Set([certificate.issuer, ...others])
}
