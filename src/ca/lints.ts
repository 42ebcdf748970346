// Every lint there is, in the order of the fields of a certificate.
import type { Lint } from './lint.ts'
import { authorityInformationAccessWrong } from './lints/authority-information-access-wrong.ts'
import { authorityKeyIdentifierWrong } from './lints/authority-key-identifier-wrong.ts'
import { authorityNotBelowIssuer } from './lints/authority-not-below-issuer.ts'
import { basicConstraintsOffProfile } from './lints/basic-constraints-off-profile.ts'
import { certificatePoliciesOffProfile } from './lints/certificate-policies-off-profile.ts'
import { commonNameNotInSan } from './lints/common-name-not-in-san.ts'
import { commonNameNotSingle } from './lints/common-name-not-single.ts'
import { commonNameTooLong } from './lints/common-name-too-long.ts'
import { crlDistributionPointWrong } from './lints/crl-distribution-point-wrong.ts'
import { extendedKeyUsageOffProfile } from './lints/extended-key-usage-off-profile.ts'
import { extensionCriticalityOffProfile } from './lints/extension-criticality-off-profile.ts'
import { extensionUnexpected } from './lints/extension-unexpected.ts'
import { issuerMayNotIssueProfile } from './lints/issuer-may-not-issue-profile.ts'
import { issuerNameDiffers } from './lints/issuer-name-differs.ts'
import { keyFamilyDiffers } from './lints/key-family-differs.ts'
import { keyUsageOffProfile } from './lints/key-usage-off-profile.ts'
import { lifetimeExceedsProfile } from './lints/lifetime-exceeds-profile.ts'
import { localityOffProfile } from './lints/locality-off-profile.ts'
import { nameConstraintsOffAuthority } from './lints/name-constraints-off-authority.ts'
import { notBeforeOffBackdate } from './lints/not-before-off-backdate.ts'
import { ocspNoCheckMissing } from './lints/ocsp-no-check-missing.ts'
import { organizationOffProfile } from './lints/organization-off-profile.ts'
import { organizationalUnitOffProfile } from './lints/organizational-unit-off-profile.ts'
import { outlivesIssuer } from './lints/outlives-issuer.ts'
import { pathLengthOffProfile } from './lints/path-length-off-profile.ts'
import { publicKeyNotAllowed } from './lints/public-key-not-allowed.ts'
import { sanDnsCount } from './lints/san-dns-count.ts'
import { sanDnsNameShape } from './lints/san-dns-name-shape.ts'
import { sanIpCount } from './lints/san-ip-count.ts'
import { sanIpLength } from './lints/san-ip-length.ts'
import { sanKindUnexpected } from './lints/san-kind-unexpected.ts'
import { sanNameRepeated } from './lints/san-name-repeated.ts'
import { sanOutsideNameConstraints } from './lints/san-outside-name-constraints.ts'
import { sanUriCount } from './lints/san-uri-count.ts'
import { sanUriDisagreesWithSubject } from './lints/san-uri-disagrees-with-subject.ts'
import { sanUriOffTemplate } from './lints/san-uri-off-template.ts'
import { serialNumberShape } from './lints/serial-number-shape.ts'
import { signatureAlgorithmNotTheIssuers } from './lints/signature-algorithm-not-the-issuers.ts'
import { subjectAttributeUnknown } from './lints/subject-attribute-unknown.ts'
import { subjectKeyIdentifierWrong } from './lints/subject-key-identifier-wrong.ts'
import { subjectKeyIsTheIssuers } from './lints/subject-key-is-the-issuers.ts'
import { subjectOrderOffProfile } from './lints/subject-order-off-profile.ts'
import { subjectRdnMultivalued } from './lints/subject-rdn-multivalued.ts'
import { subjectStringType } from './lints/subject-string-type.ts'
import { subjectValueOffTemplate } from './lints/subject-value-off-template.ts'
import { uniqueIdentifierPresent } from './lints/unique-identifier-present.ts'
import { validityReversed } from './lints/validity-reversed.ts'
import { validityTimeForm } from './lints/validity-time-form.ts'

export const LINTS: readonly Lint[] = [
  uniqueIdentifierPresent,
  serialNumberShape,
  signatureAlgorithmNotTheIssuers,
  issuerNameDiffers,
  issuerMayNotIssueProfile,
  authorityNotBelowIssuer,
  validityReversed,
  validityTimeForm,
  notBeforeOffBackdate,
  lifetimeExceedsProfile,
  outlivesIssuer,
  commonNameNotSingle,
  commonNameTooLong,
  organizationOffProfile,
  organizationalUnitOffProfile,
  localityOffProfile,
  subjectAttributeUnknown,
  subjectRdnMultivalued,
  subjectOrderOffProfile,
  subjectStringType,
  subjectValueOffTemplate,
  sanKindUnexpected,
  sanUriCount,
  sanDnsCount,
  sanIpCount,
  sanDnsNameShape,
  sanIpLength,
  sanNameRepeated,
  sanUriOffTemplate,
  sanUriDisagreesWithSubject,
  commonNameNotInSan,
  sanOutsideNameConstraints,
  extensionUnexpected,
  extensionCriticalityOffProfile,
  basicConstraintsOffProfile,
  pathLengthOffProfile,
  keyUsageOffProfile,
  extendedKeyUsageOffProfile,
  certificatePoliciesOffProfile,
  subjectKeyIdentifierWrong,
  authorityKeyIdentifierWrong,
  crlDistributionPointWrong,
  authorityInformationAccessWrong,
  nameConstraintsOffAuthority,
  ocspNoCheckMissing,
  publicKeyNotAllowed,
  keyFamilyDiffers,
  subjectKeyIsTheIssuers,
]
