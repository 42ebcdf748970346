// A constraint that is not critical may be passed over; an identifier that is critical is refused by those who cannot
// read it.
import type { Lint } from '../lint.ts'

export const extensionCriticalityOffProfile: Lint = {
  name: 'extension_criticality_off_profile',
  cites: 'CP §7.1.2; RFC 5280 §4.2',
  passes: ({ tbs, expectedExtensions }) =>
    [...tbs.extensions.values()].every(({ oid, critical }) => critical === (expectedExtensions.get(oid) ?? critical)),
}
