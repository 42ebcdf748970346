// A certificate in words, as it stands in its bytes: nothing here is verified.
import { parseCertificate } from '../x509/certificate.ts'
import { formatName } from '../x509/distinguished-name.ts'
import { crlUris } from '../x509/extensions/crl-distribution-points.ts'
import type { GeneralName } from '../x509/general-name.ts'
import { hexOf } from '../x509/hex.ts'
import { formatIpAddress } from '../x509/ip-address.ts'
import { OID } from '../x509/oid.ts'

export type DescribedCertificate = Readonly<Record<string, string | readonly string[]>>

const PURPOSES: ReadonlyMap<string, string> = new Map([
  [OID.serverAuth, 'serverAuth'],
  [OID.clientAuth, 'clientAuth'],
  [OID.ocspSigning, 'OCSPSigning'],
  [OID.anyExtendedKeyUsage, 'any'],
])

/** Throws `CertificateRejected`. */
export function describeCertificate(der: Uint8Array): DescribedCertificate {
  const certificate = parseCertificate(der)
  const { tbs } = certificate
  return {
    subject: formatName(tbs.subject),
    issuer: formatName(tbs.issuer),
    serial: tbs.serialHex,
    notBefore: tbs.validity.notBefore.toISOString(),
    notAfter: tbs.validity.notAfter.toISOString(),
    alternativeNames: (tbs.subjectAlternativeName ?? []).map(nameText),
    key: tbs.publicKey.algorithm,
    authority: tbs.basicConstraints?.authority === true ? 'yes' : 'no',
    keyUsage: [...(tbs.keyUsage ?? [])],
    extendedKeyUsage: (tbs.extendedKeyUsage ?? []).map((oid) => PURPOSES.get(oid) ?? oid),
    policies: tbs.certificatePolicies ?? [],
    crl: crlUris(tbs.crlDistributionPoints ?? []),
    sha256: certificate.fingerprint,
  }
}

function nameText(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
    case 'uri':
    case 'email':
      return `${name.kind}:${name.value}`
    case 'ip':
      return `ip:${formatIpAddress(name.octets)}`
    case 'directory':
      return `directory:${formatName(name.name)}`
    case 'registered-id':
      return `registered-id:${name.oid}`
    case 'other':
      return `other:${hexOf(name.encoded)}`
    default:
      return name satisfies never
  }
}
