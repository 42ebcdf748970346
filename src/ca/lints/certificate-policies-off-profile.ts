// The policy OID tells the kind: exactly the one of the profile, and in a CA those that it may issue.
import { parseCertificatePolicies } from '../../x509/extensions/certificate-policies.ts'
import { OID } from '../../x509/oid.ts'
import { expectedPolicies } from '../expected-extensions.ts'
import type { ExtensionLint } from '../lint.ts'

export const certificatePoliciesOffProfile: ExtensionLint = {
  name: 'certificate_policies_off_profile',
  cites: 'CP §7.1.6; RFC 5280 §4.2.1.4',
  extension: OID.certificatePolicies,
  passesValue: (value, terms) => {
    const policies = value === undefined ? [] : parseCertificatePolicies(value)
    return policies.toSorted().join() === expectedPolicies(terms).toSorted().join()
  },
}
