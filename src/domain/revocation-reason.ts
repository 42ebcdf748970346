// CRLReason (RFC 5280 §5.3.1). `removeFromCRL` is no reason that anyone may give: it belongs to delta CRLs alone.
import { CodedError } from './coded-error.ts'

export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const

export type RevocationReason = keyof typeof REVOCATION_REASONS

export class ReasonRejected extends CodedError<'reason_rejected'> {
  constructor(input: string) {
    super('reason_rejected', { input: input.slice(0, 40), expected: Object.keys(REVOCATION_REASONS) })
  }
}

/** Throws `ReasonRejected`. */
export function parseRevocationReason(input: string): RevocationReason {
  if (!Object.hasOwn(REVOCATION_REASONS, input)) throw new ReasonRejected(input)
  return input as RevocationReason
}
