// ReasonFlags as bits (RFC 5280 §6.3.2 (b)): which reasons some evidence covers. `unspecified` is no flag: who covers all
// reasons covers it.
import type { RevocationReason } from '../../domain/revocation-reason.ts'
import { REASON_FLAGS } from '../../x509/extensions/distribution-point-name.ts'

export const ALL_REASONS = (1 << REASON_FLAGS.length) - 1

/** Undefined stands for all. */
export function reasonMask(reasons: ReadonlySet<RevocationReason> | undefined): number {
  if (reasons === undefined) return ALL_REASONS
  return REASON_FLAGS.reduce((mask, flag, bit) => (reasons.has(flag) ? mask | (1 << bit) : mask), 0)
}
