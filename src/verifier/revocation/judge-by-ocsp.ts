// What an OCSP answer says about a certificate (RFC 6960 §3.2, §4.2.2): the answer is for this very certificate, signed by
// one who may, holds now, and answers the request that was made. `good` says no more than that: not revoked.
import { hexOf } from '../../x509/hex.ts'
import { type CertIdIssuer, isOfIssuer } from '../../x509/ocsp-cert-id.ts'
import type { BasicOcspResponse, OcspResponse } from '../../x509/ocsp-response.ts'
import type { OcspSingleResponse } from '../../x509/ocsp-response-data.ts'
import { type Extension, unknownCriticals } from '../../x509/extension.ts'
import { OID } from '../../x509/oid.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { dateFault } from './freshness.ts'
import { responderFault, type ResponderQuestion } from './ocsp-responder.ts'
import { combineStatuses, type RevocationFault, type RevocationStatus, unknown } from './revocation-status.ts'

export interface OcspQuestion extends ResponderQuestion {
  readonly certificate: PathCertificate
  /** Of the request that was made; `none`: any answer will do that is fresh. */
  readonly nonce: Uint8Array | 'none'
}

export function judgeByOcsp(question: OcspQuestion, response: OcspResponse): RevocationStatus {
  if (response.kind === 'error') return unknown('ocsp-error-status')
  const answers = response.responses.filter((each) => isAbout(each, question))
  if (answers.length === 0) return unknown('ocsp-certificate-other')
  const fault = answerFault(response, answers, question) ?? responderFault(response, question)
  if (fault !== undefined) return unknown(fault)
  const statuses = answers.map((each) => statusOf(each, question))
  // One answer that contradicts itself is not the better for saying good as well.
  const doubts = statuses.filter(({ kind }) => kind !== 'good')
  return combineStatuses(doubts.length === 0 ? statuses : doubts, 'ocsp-missing')
}

function isAbout({ certId }: OcspSingleResponse, { certificate, issuer }: OcspQuestion): boolean {
  const { tbs } = certificate.certificate
  if (certId.serialHex !== hexOf(tbs.serialNumber)) return false
  const named: CertIdIssuer = { name: tbs.issuerEncoded, keyBytes: issuer.certificate.tbs.publicKey.keyBytes }
  return isOfIssuer(certId, named)
}

/** What is wrong with it, before anyone asks who signed it. */
function answerFault(
  response: BasicOcspResponse,
  answers: readonly OcspSingleResponse[],
  { certificate, nonce }: OcspQuestion,
): RevocationFault | undefined {
  if ([response, ...answers].some(({ extensions }) => hasUnknownCritical(extensions))) return 'ocsp-extension-unknown'
  if (nonce !== 'none' && (response.nonce === undefined || Buffer.compare(response.nonce, nonce) !== 0)) {
    return 'ocsp-nonce-other'
  }
  // Made when the certificate was not: whatever it is about, it is not that.
  const { notBefore, notAfter } = certificate.certificate.tbs.validity
  const isOutside = response.producedAt < notBefore || response.producedAt > notAfter
  return isOutside ? 'ocsp-dates-contradict' : undefined
}

/** RFC 6960 §4.4 and RFC 6962 §3.3: none of them changes what the status means. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  OID.ocspNonce,
  /** CRL references (§4.4.2). */
  '1.3.6.1.5.5.7.48.1.3',
  /** Archive cutoff (§4.4.4). */
  '1.3.6.1.5.5.7.48.1.6',
  /** Extended revoked definition (§4.4.8): serials that were never issued are told as revoked. */
  '1.3.6.1.5.5.7.48.1.9',
  /** Signed certificate timestamps. */
  '1.3.6.1.4.1.11129.2.4.5',
])

function hasUnknownCritical(extensions: ReadonlyMap<string, Extension>): boolean {
  return unknownCriticals(extensions, UNDERSTOOD).length > 0
}

function statusOf(answer: OcspSingleResponse, { at, policy }: OcspQuestion): RevocationStatus {
  const fault = dateFault(answer, at, policy)
  if (fault !== undefined) return unknown(`ocsp-${fault}`)
  const { status } = answer
  switch (status.kind) {
    case 'good':
      return { kind: 'good', freshUntil: answer.nextUpdate }
    case 'revoked':
      return { kind: 'revoked', at: status.at, reason: status.reason === 'removeFromCRL' ? undefined : status.reason }
    case 'unknown':
      return unknown('ocsp-status-unknown')
    default:
      return status satisfies never
  }
}
