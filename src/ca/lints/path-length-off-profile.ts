// Without a path length a stolen issuing key makes further CAs.
import type { Lint } from '../lint.ts'

export const pathLengthOffProfile: Lint = {
  name: 'path_length_off_profile',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.9',
  passes: ({ tbs, profile }) => {
    const constraints = tbs.basicConstraints
    return constraints?.authority !== true || (constraints.pathLength ?? null) === profile.basicConstraints.pathLength
  },
}
