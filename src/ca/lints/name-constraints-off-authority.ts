// Without them a CA for users can certify servers, to everyone who reads DNS names.
import { nameConstraints } from '../../x509/extensions/name-constraints.ts'
import { OID } from '../../x509/oid.ts'
import { expectedConstraints } from '../expected-extensions.ts'
import type { Lint } from '../lint.ts'

export const nameConstraintsOffAuthority: Lint = {
  name: 'name_constraints_off_authority',
  cites: 'CP §7.1.5; RFC 5280 §4.2.1.10',
  passes: (subject) => {
    const expected = expectedConstraints(subject)
    const found = subject.tbs.extensions.get(OID.nameConstraints)
    if (expected === undefined || found === undefined) return expected === found
    return Buffer.compare(found.value, nameConstraints(expected).value) === 0
  },
}
