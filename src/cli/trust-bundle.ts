// The roots that a command believes: every certificate of a PEM file, each a CA that signed itself.
import { type Certificate, parseCertificate, verifySignature } from '../x509/certificate.ts'
import { encodePem, parsePemBundle } from '../x509/pem.ts'
import { readText } from './read-file.ts'
import { Refused, refusedBecause } from './refused.ts'

export interface Root {
  readonly certificate: Certificate
  readonly pem: string
}

/** Throws `Refused` (`file_unreadable`, `trust_unreadable`). */
export async function readTrustBundle(file: string): Promise<readonly Root[]> {
  const text = await readText(file)
  try {
    return parseTrustBundle(text)
  } catch (cause) {
    throw refusedBecause(cause, 'trust_unreadable', { file })
  }
}

/** Throws `PemRejected`, `CertificateRejected`, `KeyRejected`, or `Refused` (`root_unfit`) for what is no root. */
export function parseTrustBundle(text: string): readonly Root[] {
  return parsePemBundle(text, 'CERTIFICATE').map((der) => {
    const certificate = parseCertificate(der)
    if (!isRoot(certificate)) throw new Refused('root_unfit', { sha256: certificate.fingerprint })
    return { certificate, pem: encodePem('CERTIFICATE', der) }
  })
}

function isRoot(certificate: Certificate): boolean {
  const { tbs } = certificate
  if (tbs.basicConstraints?.authority !== true) return false
  if (Buffer.compare(tbs.subjectEncoded, tbs.issuerEncoded) !== 0) return false
  return verifySignature(certificate, tbs.publicKey)
}
