// Who a certificate speaks for, right now: the identity steps of the decision alone (present, in time, not revoked, subject
// current), for everything that is asked of Signet itself and not of a deployment.
import { firstRefusal } from './decide.ts'
import type { DecisionTime } from './decision.ts'
import { certificateAlone, type CertificateFacts, type VerifiedCertificate } from './facts.ts'
import type { Inquiry } from './inquiry.ts'
import type { DenialReason } from './reasons.ts'
import { resolveRoute } from './route.ts'
import type { Snapshot } from './snapshot.ts'
import { RECOGNITION_STEPS } from './steps.ts'

export type Recognition =
  | { readonly kind: 'recognised'; readonly certificate: VerifiedCertificate }
  | { readonly kind: 'refused'; readonly reason: DenialReason; readonly fault?: unknown }

export function recogniseCaller(snapshot: Snapshot, certificate: CertificateFacts, at: DecisionTime): Recognition {
  try {
    // No deployment is named and nobody is acted for: the identity steps look at neither.
    const route = { kind: 'deployment', deployment: '' } as const
    const inquiry: Inquiry = {
      snapshot,
      question: { route, credentials: certificateAlone(certificate), actingUser: { kind: 'credential-itself' } },
      route: resolveRoute(snapshot, route),
      at,
    }
    const refusal = firstRefusal(RECOGNITION_STEPS, inquiry)
    if (refusal !== undefined) return { kind: 'refused', reason: refusal }
    return certificate.kind === 'verified'
      ? { kind: 'recognised', certificate }
      : { kind: 'refused', reason: certificate.reason }
  } catch (fault) {
    return { kind: 'refused', reason: 'PDP_UNAVAILABLE', fault }
  }
}
