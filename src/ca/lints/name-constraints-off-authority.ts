// Without them a CA for users can certify servers, to everyone who reads DNS names.
import { nameConstraints } from '../../x509/extensions/name-constraints.ts'
import { OID } from '../../x509/oid.ts'
import { expectedConstraints } from '../expected-extensions.ts'
import type { ExtensionLint } from '../lint.ts'

export const nameConstraintsOffAuthority: ExtensionLint = {
  name: 'name_constraints_off_authority',
  cites: 'CP §7.1.5; RFC 5280 §4.2.1.10',
  extension: OID.nameConstraints,
  passesValue: (value, terms) => {
    const expected = expectedConstraints(terms)
    if (expected === undefined || value === undefined) return expected === value
    return Buffer.compare(value, nameConstraints(expected).value) === 0
  },
}
