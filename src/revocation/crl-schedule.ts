// When the next CRL of an issuer is due, and which number and dates it gets (CP §4.9.7; RFC 5280 §5.1.2.4, §5.2.3). Pure.
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import type { RevocationPolicy } from '../ca/policy/revocation-policy.ts'

export interface CrlDates {
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/** What the schedule needs to know of the CRL before. */
export interface CrlBefore {
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/** A wall clock this far behind the last CRL was set back; publishing then goes on, one second later each time. */
const CLOCK_SET_BACK_SECONDS = 5

/** Why a CRL is due now, or when to look again. */
export type CrlDue =
  { readonly kind: 'due'; readonly because: 'first' | 'news' | 'age' } | { readonly kind: 'later'; readonly at: Date }

export function crlDue(
  before: CrlBefore | undefined,
  hasNews: boolean,
  now: Date,
  policy: RevocationPolicy['crl'],
): CrlDue {
  if (before === undefined) return { kind: 'due', because: 'first' }
  const madeAt = addSeconds(before.thisUpdate, policy.backdateSeconds)
  const reissueAt = addSeconds(madeAt, policy.reissueEverySeconds)
  const earliest = addSeconds(madeAt, policy.minIntervalSeconds)
  const clockWasSetBack = now.getTime() < madeAt.getTime() - CLOCK_SET_BACK_SECONDS * 1000
  if (hasNews && (now >= earliest || clockWasSetBack)) return { kind: 'due', because: 'news' }
  if (now >= reissueAt) return { kind: 'due', because: 'age' }
  return { kind: 'later', at: hasNews ? earliest : reissueAt }
}

/** Number = max(previous + 1, Unix seconds) and a strictly later thisUpdate, whatever the clock says. */
export function nextCrlDates(
  before: CrlBefore | undefined,
  now: Date,
  policy: { readonly backdateSeconds: number; readonly nextUpdateSeconds: number },
): CrlDates {
  const seconds = unixSeconds(now)
  const backdated = (seconds - policy.backdateSeconds) * 1000
  const thisUpdate = before === undefined ? backdated : Math.max(backdated, before.thisUpdate.getTime() + 1000)
  return {
    number: Math.max((before?.number ?? 0) + 1, seconds),
    thisUpdate: new Date(thisUpdate),
    nextUpdate: new Date(Math.max((seconds + policy.nextUpdateSeconds) * 1000, thisUpdate + 1000)),
  }
}
