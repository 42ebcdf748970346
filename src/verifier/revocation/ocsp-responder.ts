// Who signed an OCSP answer, and whether it may answer for this issuer (RFC 6960 §4.2.2.2): the issuer itself, or a
// responder that the issuer's own key certified for it. A third one that a client could trust by configuration is none.
import { hash } from 'node:crypto'
import { CodedError } from '../../domain/coded-error.ts'
import { validityAt } from '../../domain/validity.ts'
import { canonicalName } from '../../x509/distinguished-name.ts'
import type { BasicOcspResponse } from '../../x509/ocsp-response.ts'
import { OID } from '../../x509/oid.ts'
import { type PathCertificate, readPathCertificate } from '../path/path-certificate.ts'
import { unknownCritical } from '../unknown-critical.ts'
import type { RevocationPolicy } from './revocation-policy.ts'
import type { RevocationFault, RevocationStatus } from './revocation-status.ts'

export interface ResponderQuestion {
  readonly issuer: PathCertificate
  readonly at: Date
  readonly policy: RevocationPolicy
  /** What is known about the revocation of a responder whose certificate does not say that it needs no check. */
  readonly judgeResponder: (responder: PathCertificate) => RevocationStatus
}

/** Undefined when the answer is signed by one who may. */
export function responderFault(response: BasicOcspResponse, question: ResponderQuestion): RevocationFault | undefined {
  const { issuer, policy } = question
  if (isNamed(response, issuer)) return policy.verify(response, issuer) ? undefined : 'ocsp-signature-invalid'
  const named = response.certificates.flatMap(readable).filter((each) => isNamed(response, each))
  if (named.length === 0) return 'ocsp-responder-other'
  const entitled = named.find((responder) => mayAnswer(responder, question))
  if (entitled === undefined) return 'ocsp-responder-may-not'
  if (!isUnrevoked(entitled, question)) return 'ocsp-responder-unchecked'
  return policy.verify(response, entitled) ? undefined : 'ocsp-signature-invalid'
}

/** What cannot be read, or has a key that is none, is no responder's; others may stand beside it. Anyone can write it there. */
function readable(der: Uint8Array): readonly PathCertificate[] {
  try {
    const certificate = readPathCertificate(der)
    // A key is decoded when it is first asked for, which must not be where nobody expects a refusal.
    return certificate.certificate.tbs.publicKey.keyBytes.length > 0 ? [certificate] : []
  } catch (error) {
    if (error instanceof CodedError) return []
    throw error
  }
}

function isNamed({ responder }: BasicOcspResponse, { subject, certificate }: PathCertificate): boolean {
  if (responder.kind === 'name') return canonicalName(responder.name) === subject
  const keyHash = hash('sha1', certificate.tbs.publicKey.keyBytes, 'buffer')
  return Buffer.compare(keyHash, responder.keyHash) === 0
}

/** Extensions of a responder's certificate that are looked at here, or say nothing about this use. */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAlternativeName,
  OID.certificatePolicies,
  OID.crlDistributionPoints,
])

/** §4.2.2.2: issued directly by the CA that is asked about, with id-kp-OCSPSigning; `any` is no permission to answer. */
function mayAnswer(responder: PathCertificate, { issuer, at, policy }: ResponderQuestion): boolean {
  const { certificate, keyUsage, purposes } = responder
  return (
    responder.issuer === issuer.subject &&
    purposes?.includes(OID.ocspSigning) === true &&
    keyUsage?.has('digitalSignature') !== false &&
    validityAt(certificate.tbs.validity, at) === 'valid' &&
    unknownCritical(certificate.tbs, PROCESSED) === undefined &&
    policy.verify(certificate, issuer)
  )
}

/** §4.2.2.2.1: id-pkix-ocsp-nocheck says that the certificate lives too short for a check. */
function isUnrevoked(responder: PathCertificate, { judgeResponder }: ResponderQuestion): boolean {
  return responder.certificate.tbs.extensions.has(OID.ocspNoCheck) || judgeResponder(responder).kind === 'good'
}
