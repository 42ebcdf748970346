// The policy OID tells the kind: exactly the one of the profile, and in a CA those that it may issue.
import { expectedPolicies } from '../expected-extensions.ts'
import type { Lint } from '../lint.ts'

export const certificatePoliciesOffProfile: Lint = {
  name: 'certificate_policies_off_profile',
  cites: 'CP §7.1.6; RFC 5280 §4.2.1.4',
  passes: (subject) =>
    (subject.tbs.certificatePolicies ?? []).toSorted().join() === expectedPolicies(subject).toSorted().join(),
}
