// Whether this key may certify others: absent or wrong, a leaf becomes a CA.
import { parseBasicConstraints } from '../../x509/extensions/basic-constraints.ts'
import { OID } from '../../x509/oid.ts'
import type { ExtensionLint } from '../lint.ts'

export const basicConstraintsOffProfile: ExtensionLint = {
  name: 'basic_constraints_off_profile',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.9',
  extension: OID.basicConstraints,
  passesValue: (value, { profile }) =>
    value !== undefined && parseBasicConstraints(value).authority === profile.basicConstraints.authority,
}
