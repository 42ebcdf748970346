// A certificate as path validation sees it: every extension that RFC 5280 §6.1 looks at, decoded before anything is judged,
// so that broken bytes are found first wherever they stand. No trust is implied, and nothing is judged here.
import { type Certificate, type CertificateSize, parseCertificate } from '../../x509/certificate.ts'
import { canonicalName } from '../../x509/distinguished-name.ts'
import type { AuthorityKeyIdentifier } from '../../x509/extensions/authority-key-identifier.ts'
import type { BasicConstraints } from '../../x509/extensions/basic-constraints.ts'
import type { KeyUsage } from '../../x509/extensions/key-usage.ts'
import type { NameConstraints } from '../../x509/extensions/name-constraints.ts'
import {
  parseInhibitAnyPolicy,
  parsePolicyConstraints,
  parsePolicyMappings,
  type PolicyConstraints,
  type PolicyMapping,
} from '../../x509/extensions/policy-constraints.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { parseStructure } from '../../x509/malformed.ts'
import { OID } from '../../x509/oid.ts'
import { CertificateRejected, type TbsCertificate } from '../../x509/tbs-certificate.ts'

export interface PathCertificate {
  readonly certificate: Certificate
  /** Equal exactly for names that match (RFC 5280 §7.1). */
  readonly subject: string
  readonly issuer: string
  /** Subject and issuer match (§6.1): its own signature is another matter. */
  readonly selfIssued: boolean
  readonly basicConstraints: BasicConstraints | undefined
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined
  readonly purposes: readonly string[] | undefined
  readonly alternativeNames: readonly GeneralName[] | undefined
  readonly subjectKeyIdentifier: Uint8Array | undefined
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined
  readonly nameConstraints: NameConstraints | undefined
  readonly policies: readonly string[] | undefined
  readonly policyMappings: readonly PolicyMapping[] | undefined
  readonly policyConstraints: PolicyConstraints | undefined
  readonly inhibitAnyPolicy: number | undefined
}

/** Throws `CertificateRejected`, for what is too large too. */
export function readPathCertificate(der: Uint8Array, size?: CertificateSize): PathCertificate {
  return parseStructure(
    () => decode(parseCertificate(der, size)),
    (cause) => new CertificateRejected('certificate_malformed', { ...cause.facts, reason: cause.code }, { cause }),
  )
}

function decode(certificate: Certificate): PathCertificate {
  const { tbs } = certificate
  const subject = canonicalName(tbs.subject)
  const issuer = canonicalName(tbs.issuer)
  return {
    certificate,
    subject,
    issuer,
    selfIssued: subject === issuer,
    basicConstraints: tbs.basicConstraints,
    keyUsage: tbs.keyUsage,
    purposes: tbs.extendedKeyUsage,
    alternativeNames: tbs.subjectAlternativeName,
    subjectKeyIdentifier: tbs.subjectKeyIdentifier,
    authorityKeyIdentifier: tbs.authorityKeyIdentifier,
    nameConstraints: tbs.nameConstraints,
    ...decodePolicies(tbs),
  }
}

type Policies = Pick<PathCertificate, 'policies' | 'policyMappings' | 'policyConstraints' | 'inhibitAnyPolicy'>

function decodePolicies({ certificatePolicies, extensions }: TbsCertificate): Policies {
  const decode = <T>(id: string, parse: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(id)
    return extension === undefined ? undefined : parse(extension.value)
  }
  return {
    policies: certificatePolicies,
    policyMappings: decode(OID.policyMappings, parsePolicyMappings),
    policyConstraints: decode(OID.policyConstraints, parsePolicyConstraints),
    inhibitAnyPolicy: decode(OID.inhibitAnyPolicy, parseInhibitAnyPolicy),
  }
}
