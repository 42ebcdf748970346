// Encodes the TBSCertificate of a request. It decides nothing: names come from the request, everything else from policy
// and issuer. What is the same for all certificates of one profile and issuer is encoded once.
import type { SerialNumber } from '../domain/serial-number.ts'
import type { TrustDomain } from '../domain/spiffe-id.ts'
import type { Validity } from '../domain/validity.ts'
import { encodeName } from '../x509/distinguished-name.ts'
import { type Criticality, encodedOnce, type Extension } from '../x509/extension.ts'
import { authorityInformationAccess } from '../x509/extensions/authority-information-access.ts'
import { authorityKeyIdentifier } from '../x509/extensions/authority-key-identifier.ts'
import { basicConstraints } from '../x509/extensions/basic-constraints.ts'
import { certificatePolicies } from '../x509/extensions/certificate-policies.ts'
import { crlDistributionPoints } from '../x509/extensions/crl-distribution-points.ts'
import { extendedKeyUsage } from '../x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../x509/extensions/key-usage.ts'
import { nameConstraints } from '../x509/extensions/name-constraints.ts'
import { ocspNoCheck } from '../x509/extensions/ocsp-no-check.ts'
import { subjectAlternativeName } from '../x509/extensions/subject-alternative-name.ts'
import { subjectKeyIdentifier } from '../x509/extensions/subject-key-identifier.ts'
import { encodeTbsCertificate } from '../x509/tbs-certificate.ts'
import { generalNamesOf, sanOf } from './alternative-names.ts'
import type { CertificateRequest } from './certificate-request.ts'
import { partitionOf } from './crl-partitions.ts'
import { expectedConstraints, expectedPolicies, expectedPurposes, isPurposeCritical } from './expected-extensions.ts'
import type { Signatory } from './issuer.ts'
import type { LintContext } from './lint.ts'
import type { Profile } from './policy/profile.ts'
import { subjectOf } from './subject.ts'

export function encodeCertificateRequest(
  request: CertificateRequest,
  context: LintContext,
  given: { readonly serial: SerialNumber; readonly validity: Validity; readonly trustDomain: TrustDomain },
): Uint8Array {
  const { signatory, policy } = context
  const names = generalNamesOf(sanOf(request, given.trustDomain))
  return encodeTbsCertificate({
    serial: given.serial,
    signatureAlgorithm: signatory.algorithm,
    issuer: signatory.subject,
    validity: given.validity,
    subject: encodeName(subjectOf(request, policy)),
    spki: request.publicKey.spki,
    extensions: [
      ...constantExtensions(context),
      ...(context.profile.crlDistributionPoint ? [distributionPoint(context, given.serial)] : []),
      subjectKeyIdentifier(request.publicKey.keyIdentifier),
      ...(names.length === 0 ? [] : [subjectAlternativeName(names, 'non-critical')]),
    ],
  })
}

const constants = new WeakMap<Signatory, WeakMap<Profile, readonly Extension[]>>()

function constantExtensions(context: LintContext): readonly Extension[] {
  // Those of a CA differ from one authority to the next, and are rare.
  if (context.certified !== undefined) return encodeConstantExtensions(context)
  const { signatory, profile } = context
  const known = constants.get(signatory)?.get(profile)
  if (known !== undefined) return known
  const extensions = encodeConstantExtensions(context).map(encodedOnce)
  const ofSignatory = constants.get(signatory) ?? new WeakMap<Profile, readonly Extension[]>()
  constants.set(signatory, ofSignatory.set(profile, extensions))
  return extensions
}

function encodeConstantExtensions(context: LintContext): readonly Extension[] {
  const { profile, signatory } = context
  const purposes = expectedPurposes(context)
  const constraints = expectedConstraints(context)
  const { critical, authority, pathLength } = profile.basicConstraints
  const limits = authority ? { authority, pathLength: pathLength ?? undefined } : { authority }
  return [
    basicConstraints(limits, criticality(critical)),
    keyUsage(profile.keyUsage.bits, criticality(profile.keyUsage.critical)),
    ...(purposes.length === 0 ? [] : [extendedKeyUsage(purposes, criticality(isPurposeCritical(profile)))]),
    certificatePolicies(expectedPolicies(context), 'non-critical'),
    ...(constraints === undefined ? [] : [nameConstraints(constraints)]),
    ...(profile.issuedBy === 'itself' ? [] : [authorityKeyIdentifier(signatory.keyIdentifier)]),
    ...(profile.caIssuers || profile.ocsp ? [informationAccess(profile, signatory)] : []),
    ...(profile.ocspNoCheck ? [ocspNoCheck()] : []),
  ]
}

/** By URL. There are as many as partitions that certificates are put into, and one for each CA. */
const distributionPoints = new WeakMap<Signatory, Map<string, Extension>>()

function distributionPoint({ signatory, partitions }: LintContext, serial: SerialNumber): Extension {
  const url = partitionOf(partitions, serial)?.url ?? signatory.urls.crl
  const ofSignatory = distributionPoints.get(signatory) ?? new Map<string, Extension>()
  distributionPoints.set(signatory, ofSignatory)
  const known = ofSignatory.get(url)
  if (known !== undefined) return known
  const made = encodedOnce(crlDistributionPoints([url]))
  ofSignatory.set(url, made)
  return made
}

function informationAccess(profile: Profile, { urls }: Signatory): Extension {
  return authorityInformationAccess({
    caIssuers: profile.caIssuers ? [urls.caIssuers] : [],
    ocsp: profile.ocsp ? [urls.ocsp] : [],
  })
}

function criticality(critical: boolean): Criticality {
  return critical ? 'critical' : 'non-critical'
}
