// Whether evidence holds at a time, by its own dates (RFC 5280 §5.1.2.4, §5.1.2.5; RFC 6960 §4.2.2.1) and its age.
import type { RevocationPolicy } from './revocation-policy.ts'

export interface EvidenceDates {
  readonly thisUpdate: Date
  readonly nextUpdate: Date | undefined
}

export type DateFault = 'dates-contradict' | 'not-yet-valid' | 'next-update-missing' | 'too-old' | 'stale'

/** Undefined while it holds: both ends are within. */
export function dateFault(
  { thisUpdate, nextUpdate }: EvidenceDates,
  at: Date,
  policy: RevocationPolicy,
): DateFault | undefined {
  if (nextUpdate !== undefined && nextUpdate < thisUpdate) return 'dates-contradict'
  if (at < thisUpdate) return 'not-yet-valid'
  if (nextUpdate === undefined && !boundedByAge(policy)) return 'next-update-missing'
  if ((at.getTime() - thisUpdate.getTime()) / 1000 > policy.maxAgeSeconds) return 'too-old'
  return nextUpdate !== undefined && at > nextUpdate ? 'stale' : undefined
}

/** Evidence that says no end needs another bound, or it would hold for ever. */
function boundedByAge({ nextUpdate, maxAgeSeconds }: RevocationPolicy): boolean {
  return nextUpdate === 'optional' && Number.isFinite(maxAgeSeconds)
}
