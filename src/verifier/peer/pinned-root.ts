// Roots by the SHA-256 of their certificates, from a service that nobody vouches for yet: a root counts by its fingerprint alone, and
// everything after is fetched over TLS that is verified against it.
import { parseCertificate } from '../../x509/certificate.ts'
import { ServiceLine } from './ask-service.ts'
import { EvidenceUnreadable, readEvidence } from './evidence-file.ts'

const PATH = '/pki/trust-bundle.pem'

/** A root with an ML-DSA-87 key is under 16 KiB in PEM. */
const MAX_BYTES = 1024 * 1024

/** DER. Throws `EvidenceUnreadable` unless every fingerprint is found. */
export async function fetchPinnedRoots(
  url: URL,
  fingerprints: readonly string[],
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const line = new ServiceLine(url, 'unverified', timeoutSeconds)
  try {
    const { certificates } = readEvidence(await line.get(PATH, MAX_BYTES, signal), PATH)
    const offered = new Map(certificates.map((der) => [parseCertificate(der).fingerprint, der]))
    return fingerprints.map((each) => {
      const der = offered.get(each.replaceAll(':', '').toLowerCase())
      // What is offered instead is not told: it would only be copied into the next attempt.
      if (der === undefined) throw new EvidenceUnreadable(url.origin, 'no root of the pinned fingerprint')
      return der
    })
  } finally {
    line.close()
  }
}
