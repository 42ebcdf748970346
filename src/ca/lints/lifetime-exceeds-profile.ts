// Both ends of a validity count, so the longest life and the backdating are compared with the inclusive length.
import { inclusiveSeconds } from '../../domain/validity.ts'
import type { Lint } from '../lint.ts'

export const lifetimeExceedsProfile: Lint = {
  name: 'lifetime_exceeds_profile',
  cites: 'CP §6.3.2; RFC 5280 §4.1.2.5',
  passes: ({ tbs, profile: { lifetime } }) =>
    inclusiveSeconds(tbs.validity) <= lifetime.maxSeconds + lifetime.backdateSeconds,
}
