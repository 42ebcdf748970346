// Exactly the purposes of the profile: without the extension a certificate is good for every purpose.
import { expectedPurposes } from '../expected-extensions.ts'
import type { Lint } from '../lint.ts'

export const extendedKeyUsageOffProfile: Lint = {
  name: 'extended_key_usage_off_profile',
  cites: 'CP §1.4.1; RFC 5280 §4.2.1.12',
  passes: (subject) =>
    (subject.tbs.extendedKeyUsage ?? []).toSorted().join() === expectedPurposes(subject).toSorted().join(),
}
