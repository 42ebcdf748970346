// A beginning in the future locks its holder out; one further back than the policy says claims a time that was never
// checked.
import { unixSeconds } from '../../domain/clock.ts'
import type { Lint } from '../lint.ts'

export const notBeforeOffBackdate: Lint = {
  name: 'not_before_off_backdate',
  cites: 'CP §6.8; RFC 5280 §4.1.2.5',
  passes: ({ tbs, profile, issuedAt }) =>
    unixSeconds(tbs.validity.notBefore) === unixSeconds(issuedAt) - profile.lifetime.backdateSeconds,
}
