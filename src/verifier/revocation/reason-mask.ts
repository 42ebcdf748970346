// ReasonFlags as bits (RFC 5280 §6.3.2 (b)): which reasons some evidence covers. `unspecified` is no flag: who covers all
// reasons covers it.
import type { RevocationReason } from '../../domain/revocation-reason.ts'

const FLAGS = [
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const satisfies readonly RevocationReason[]

export const ALL_REASONS = (1 << FLAGS.length) - 1

/** Undefined stands for all. */
export function reasonMask(reasons: ReadonlySet<RevocationReason> | undefined): number {
  if (reasons === undefined) return ALL_REASONS
  return FLAGS.reduce((mask, flag, bit) => (reasons.has(flag) ? mask | (1 << bit) : mask), 0)
}
