// A leaf signs, a CA certifies; a key that does both can be made to sign what it did not read.
import type { Lint } from '../lint.ts'

export const keyUsageOffProfile: Lint = {
  name: 'key_usage_off_profile',
  cites: 'CP §6.1.7; RFC 5280 §4.2.1.3',
  passes: ({ tbs, profile }) => [...(tbs.keyUsage ?? [])].toSorted().join() === profile.keyUsage.bits.toSorted().join(),
}
