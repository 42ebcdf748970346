// The path from a certificate to a root, found by names, key identifiers and signatures (RFC 5280 §6.1.3 a). Whether what
// stands on it may be there, and is good now, is for `path-checks.ts`.
import { type Certificate, verifySignature } from '../x509/certificate.ts'

/** From the leaf up. `missing` when no certificate at hand issued the last one. */
export type CertificatePath =
  | { readonly kind: 'complete'; readonly certificates: readonly Certificate[] }
  | { readonly kind: 'incomplete'; readonly certificates: readonly Certificate[] }

/** Leaf, issuing CA, root, and room for an installation with more levels. */
const MAX_CERTIFICATES = 8

export function findPath(
  leaf: Certificate,
  others: readonly Certificate[],
  roots: readonly Certificate[],
): CertificatePath {
  const certificates = [leaf]
  let last = leaf
  while (!isAmong(last, roots)) {
    const issuer = issuerAmong([...roots, ...others], last)
    if (issuer === undefined || certificates.length === MAX_CERTIFICATES) return { kind: 'incomplete', certificates }
    certificates.push(issuer)
    last = issuer
  }
  return { kind: 'complete', certificates }
}

/** The first of `candidates` whose key signed `certificate`. */
function issuerAmong(candidates: readonly Certificate[], certificate: Certificate): Certificate | undefined {
  return candidates.find((candidate) => {
    const { tbs } = candidate
    if (Buffer.compare(tbs.subjectEncoded, certificate.tbs.issuerEncoded) !== 0) return false
    if (!keyIdentifiersAgree(candidate, certificate)) return false
    return candidate.fingerprint !== certificate.fingerprint && verifySignature(certificate, tbs.publicKey)
  })
}

/** RFC 5280 §4.2.1.1: where both say which key, it is the same. */
function keyIdentifiersAgree(issuer: Certificate, certificate: Certificate): boolean {
  const has = issuer.tbs.subjectKeyIdentifier
  const wants = certificate.tbs.authorityKeyIdentifier?.keyIdentifier
  return has === undefined || wants === undefined || Buffer.compare(has, wants) === 0
}

function isAmong(certificate: Certificate, roots: readonly Certificate[]): boolean {
  return roots.some(({ fingerprint }) => fingerprint === certificate.fingerprint)
}
