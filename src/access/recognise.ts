// Who a certificate speaks for, right now: the identity steps of the decision alone (present, in time, not revoked, subject
// current), for everything that is asked of Signet itself and not of a deployment.
import { firstRefusal, recognitionOf } from './decide.ts'
import type { DecisionTime } from './decision.ts'
import type { CertificateFacts, VerifiedCertificate } from './facts.ts'
import { isSuperadmin } from './model-rights.ts'
import type { DenialReason } from './reasons.ts'
import type { Snapshot } from './snapshot.ts'
import { HOLDING_STEPS, RECOGNITION_STEPS, type Step } from './steps.ts'

export type Recognition =
  | { readonly kind: 'recognised'; readonly certificate: VerifiedCertificate }
  | { readonly kind: 'refused'; readonly reason: DenialReason; readonly fault?: unknown }

export function recogniseCaller(snapshot: Snapshot, certificate: CertificateFacts, at: DecisionTime): Recognition {
  return recogniseBy(RECOGNITION_STEPS, snapshot, certificate, at)
}

/**
 * Whether the certificate of this connection is a superadmin's, for the management of models and groups alone. It holds and
 * is not revoked; the directory need not know it. `SUBJECT_UNKNOWN` for everybody else.
 */
export function recogniseSuperadmin(snapshot: Snapshot, certificate: CertificateFacts, at: DecisionTime): Recognition {
  const recognition = recogniseBy(HOLDING_STEPS, snapshot, certificate, at)
  if (recognition.kind === 'refused' || isSuperadmin(snapshot, recognition.certificate)) return recognition
  return { kind: 'refused', reason: 'SUBJECT_UNKNOWN' }
}

function recogniseBy(
  steps: readonly Step[],
  snapshot: Snapshot,
  certificate: CertificateFacts,
  at: DecisionTime,
): Recognition {
  try {
    const refusal = firstRefusal(steps, recognitionOf(snapshot, certificate, at))
    if (refusal !== undefined) return { kind: 'refused', reason: refusal }
    return certificate.kind === 'verified'
      ? { kind: 'recognised', certificate }
      : { kind: 'refused', reason: certificate.reason }
  } catch (fault) {
    return { kind: 'refused', reason: 'PDP_UNAVAILABLE', fault }
  }
}
