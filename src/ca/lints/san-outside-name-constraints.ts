// A name outside the zones of its issuer is refused by every verifier that reads name constraints.
import { isWithinConstraints } from '../expected-extensions.ts'
import type { Lint } from '../lint.ts'

export const sanOutsideNameConstraints: Lint = {
  name: 'san_outside_name_constraints',
  cites: 'CP §7.1.5; RFC 5280 §4.2.1.10',
  passes: ({ alternativeNames, signatory }) =>
    alternativeNames.every((name) => isWithinConstraints(signatory.authority, name)),
}
