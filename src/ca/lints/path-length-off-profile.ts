// Without a path length a stolen issuing key makes further CAs.
import { parseBasicConstraints } from '../../x509/extensions/basic-constraints.ts'
import { OID } from '../../x509/oid.ts'
import type { ExtensionLint } from '../lint.ts'

export const pathLengthOffProfile: ExtensionLint = {
  name: 'path_length_off_profile',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.9',
  extension: OID.basicConstraints,
  passesValue: (value, { profile }) => {
    const constraints = value && parseBasicConstraints(value)
    return constraints?.authority !== true || (constraints.pathLength ?? null) === profile.basicConstraints.pathLength
  },
}
