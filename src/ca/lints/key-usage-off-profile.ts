// A leaf signs, a CA certifies; a key that does both can be made to sign what it did not read.
import { parseKeyUsage } from '../../x509/extensions/key-usage.ts'
import { OID } from '../../x509/oid.ts'
import type { ExtensionLint } from '../lint.ts'

export const keyUsageOffProfile: ExtensionLint = {
  name: 'key_usage_off_profile',
  cites: 'CP §6.1.7; RFC 5280 §4.2.1.3',
  extension: OID.keyUsage,
  passesValue: (value, { profile }) => {
    const bits = value === undefined ? [] : [...parseKeyUsage(value)]
    return bits.toSorted().join() === profile.keyUsage.bits.toSorted().join()
  },
}
