// A leaf as it was read: everything the verifier looks at, decoded before anything is judged, so that broken bytes are
// found first wherever they stand. No trust is implied.
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import type { BasicConstraints } from '../x509/extensions/basic-constraints.ts'
import type { KeyUsage } from '../x509/extensions/key-usage.ts'
import type { GeneralName } from '../x509/general-name.ts'
import { parseStructure } from '../x509/malformed.ts'
import { CertificateRejected } from '../x509/tbs-certificate.ts'

export interface Leaf {
  readonly certificate: Certificate
  readonly subject: DistinguishedName
  readonly basicConstraints: BasicConstraints | undefined
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined
  readonly purposes: readonly string[]
  readonly alternativeNames: readonly GeneralName[]
  readonly policies: readonly string[]
  readonly authorityKeyIdentifier: Uint8Array | undefined
}

/** Undefined for what is not a certificate of version 3 with readable extensions. */
export function readLeaf(der: Uint8Array): Leaf | undefined {
  try {
    return parseStructure(
      () => decode(parseCertificate(der)),
      (cause) => new CertificateRejected('certificate_malformed', {}, { cause }),
    )
  } catch (error) {
    if (error instanceof CertificateRejected) return undefined
    throw error
  }
}

function decode(certificate: Certificate): Leaf | undefined {
  const { tbs } = certificate
  if (tbs.version !== 3) return undefined
  return {
    certificate,
    subject: tbs.subject,
    basicConstraints: tbs.basicConstraints,
    keyUsage: tbs.keyUsage,
    purposes: tbs.extendedKeyUsage ?? [],
    alternativeNames: tbs.subjectAlternativeName ?? [],
    policies: tbs.certificatePolicies ?? [],
    authorityKeyIdentifier: tbs.authorityKeyIdentifier?.keyIdentifier,
  }
}
