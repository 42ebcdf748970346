// Exactly the purposes of the profile: without the extension a certificate is good for every purpose.
import { parseExtendedKeyUsage } from '../../x509/extensions/extended-key-usage.ts'
import { OID } from '../../x509/oid.ts'
import { expectedPurposes } from '../expected-extensions.ts'
import type { ExtensionLint } from '../lint.ts'

export const extendedKeyUsageOffProfile: ExtensionLint = {
  name: 'extended_key_usage_off_profile',
  cites: 'CP §1.4.1; RFC 5280 §4.2.1.12',
  extension: OID.extendedKeyUsage,
  passesValue: (value, terms) => {
    const purposes = value === undefined ? [] : parseExtendedKeyUsage(value)
    return purposes.toSorted().join() === expectedPurposes(terms).toSorted().join()
  },
}
