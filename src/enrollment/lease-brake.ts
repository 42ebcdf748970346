// The brake of rule 25: when too many leases lapse at once, it may be our fault or the network's and not theirs. Pure: it says
// what to do, and does nothing.
import type { CredentialPolicy } from '../ca/policy/credential-policy.ts'
import type { LapseCount, LeaseState } from './lease-store.ts'

export type BrakePolicy = Pick<
  CredentialPolicy['job'],
  'brakeJobs' | 'brakePercent' | 'brakeWindowSeconds' | 'pauseSeconds'
>

/** `end`: lapsed jobs end. `pause`, `resume`: from now on. `wait`: they stay, until their certificates have ended. */
export type BrakeVerdict = 'end' | 'pause' | 'wait' | 'resume'

/** `active` counts the lapsed among them. */
export function judgeLapses(
  { clock, pausedAt }: LeaseState,
  { lapsed, ended }: LapseCount,
  active: number,
  { brakeJobs, brakePercent, pauseSeconds }: BrakePolicy,
): BrakeVerdict {
  const gone = lapsed + ended
  const isTooMany = lapsed > 0 && gone > brakeJobs && gone * 100 > (active + ended) * brakePercent
  if (pausedAt === undefined) return isTooMany ? 'pause' : 'end'
  return !isTooMany || clock >= pausedAt + pauseSeconds * 1000 ? 'resume' : 'wait'
}
