// What is known about the revocation of one certificate at one time. `good` is said only by evidence that speaks for this
// certificate, holds now and covers every reason; all else is `unknown`, with the code of what came nearest.
import type { RevocationReason } from '../../domain/revocation-reason.ts'

/** Part of the interface: listed in docs/verifier.md, never renamed. From what says least to what came nearest. */
export const REVOCATION_FAULTS = [
  'crl-missing',
  'crl-base-missing',
  'ocsp-missing',
  'distribution-points-malformed',
  'distribution-points-too-many',
  'crl-malformed',
  'crl-issuer-other',
  'crl-indirect-refused',
  'crl-scope-other',
  'crl-extension-unknown',
  'crl-number-missing',
  'crl-signer-may-not',
  'crl-signature-invalid',
  'crl-dates-contradict',
  'crl-next-update-missing',
  'crl-not-yet-valid',
  'crl-too-old',
  'crl-stale',
  'crl-entry-contradicts',
  'crl-reasons-incomplete',
  'feed-incomplete',
  'ocsp-error-status',
  'ocsp-certificate-other',
  'ocsp-extension-unknown',
  'ocsp-nonce-other',
  'ocsp-responder-other',
  'ocsp-responder-may-not',
  'ocsp-responder-unchecked',
  'ocsp-signature-invalid',
  'ocsp-dates-contradict',
  'ocsp-next-update-missing',
  'ocsp-not-yet-valid',
  'ocsp-too-old',
  'ocsp-stale',
  'ocsp-status-unknown',
] as const

export type RevocationFault = (typeof REVOCATION_FAULTS)[number]

export interface GoodStatus {
  readonly kind: 'good'
  /** When the evidence stops holding; undefined when it does not say, and only its age bounds it. */
  readonly freshUntil: Date | undefined
}

export interface RevokedStatus {
  readonly kind: 'revoked'
  readonly at: Date
  /** Undefined when none is given. */
  readonly reason: RevocationReason | undefined
}

export interface UnknownStatus {
  readonly kind: 'unknown'
  readonly code: RevocationFault
}

export type RevocationStatus = GoodStatus | RevokedStatus | UnknownStatus

export function unknown(code: RevocationFault): UnknownStatus {
  return { kind: 'unknown', code }
}

/** Of several faults the one that came nearest to an answer. */
export function nearestFault(faults: Iterable<RevocationFault>, otherwise: RevocationFault): RevocationFault {
  let nearest = otherwise
  for (const fault of faults) {
    if (REVOCATION_FAULTS.indexOf(fault) > REVOCATION_FAULTS.indexOf(nearest)) nearest = fault
  }
  return nearest
}

/** What several sources say together: one that knows of a revocation is believed, before any that does not. */
export function combineStatuses(statuses: readonly RevocationStatus[], otherwise: RevocationFault): RevocationStatus {
  const revoked = statuses.find((status) => status.kind === 'revoked')
  if (revoked !== undefined) return revoked
  const good = statuses.find((status) => status.kind === 'good')
  if (good !== undefined) return good
  const faults = statuses.flatMap((status) => (status.kind === 'unknown' ? [status.code] : []))
  return unknown(nearestFault(faults, otherwise))
}
