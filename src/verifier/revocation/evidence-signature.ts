// Signatures over evidence of revocation: CRLs and OCSP answers. Each pair of evidence and key is verified once, since a
// CRL of a million entries takes a tenth of a second.
import type { SignatureAlgorithm } from '../../x509/algorithm-identifier.ts'
import { verifyBytes } from '../../x509/signature.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { hasAcceptableKey } from '../path/signature-checks.ts'

export interface SignedEvidence {
  readonly tbs: { readonly encoded: Uint8Array }
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

export type VerifyEvidence = (evidence: SignedEvidence, signer: PathCertificate) => boolean

const results = new WeakMap<SignedEvidence, Map<string, boolean>>()

/** Whether the signer's key signed it: a key that path validation takes too, an algorithm that is not weak. */
export const verifyEvidence: VerifyEvidence = (evidence, signer) => {
  if (!hasAcceptableKey(signer)) return false
  const { publicKey } = signer.certificate.tbs
  const byKey = results.get(evidence) ?? new Map<string, boolean>()
  results.set(evidence, byKey)
  const known = byKey.get(publicKey.fingerprint)
  if (known !== undefined) return known
  const result = verifyBytes(evidence.tbs.encoded, evidence.signatureAlgorithm, evidence.signature, publicKey)
  byKey.set(publicKey.fingerprint, result)
  return result
}
