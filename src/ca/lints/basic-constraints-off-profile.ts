// Whether this key may certify others: absent or wrong, a leaf becomes a CA.
import type { Lint } from '../lint.ts'

export const basicConstraintsOffProfile: Lint = {
  name: 'basic_constraints_off_profile',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.9',
  passes: ({ tbs, profile }) => tbs.basicConstraints?.authority === profile.basicConstraints.authority,
}
