// Extensions exist only in version 3, and a certificate without them is a key to everything.
import type { Lint } from '../lint.ts'

export const versionNotV3: Lint = {
  name: 'version_not_v3',
  cites: 'CP §7.1.1; RFC 5280 §4.1.2.1',
  passes: ({ tbs }) => tbs.version === 3,
}
