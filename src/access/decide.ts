// The decision: one pure, synchronous function of a snapshot, a question made of verified facts, and an instant. It walks
// the table of steps.ts; the first step that refuses gives the one reason.
//
// It reads no clock, waits for nothing, changes nothing and remembers nothing. What breaks inside it refuses
// (PDP_UNAVAILABLE) and hands the fault on for the log.
import type {
  Allowed,
  AskerDecision,
  Decision,
  DecisionTime,
  Denied,
  ExplainedStep,
  Explanation,
  Question,
  Route,
  StepOutcome,
  Subject,
} from './decision.ts'
import { certificateAlone, type CertificateFacts, type VerifiedCertificate } from './facts.ts'
import { type DenialReason, REASONS } from './reasons.ts'
import { mentionedDeployments, resolveRoute } from './route.ts'
import type { DeploymentView, Snapshot } from './snapshot.ts'
import { type Inquiry, routed, verified } from './inquiry.ts'
import { RECOGNITION_STEPS, type Step, STEPS } from './steps.ts'

export function decide(snapshot: Snapshot, question: Question, at: DecisionTime): Decision {
  try {
    return decideInquiry({ snapshot, question, at, route: resolveRoute(snapshot, question.route) })
  } catch (fault) {
    return unavailable(fault)
  }
}

/** The same answer, with every step that was reached. For those who may read it: it shows names of other people. */
export function explain(snapshot: Snapshot, question: Question, at: DecisionTime): Explanation {
  const decision = decide(snapshot, question, at)
  if (decision.reason === 'PDP_UNAVAILABLE') return { decision, steps: [] }
  const inquiry = { snapshot, question, at, route: resolveRoute(snapshot, question.route) }
  const steps: ExplainedStep[] = []
  for (const { step, title, check, saw } of STEPS) {
    const outcome = check(inquiry)
    steps.push({ step, title, outcome, saw: saw(inquiry) })
    if (isRefusal(outcome)) break
  }
  return { decision, steps }
}

/**
 * Step 0 for a server that hands over a certificate it saw: it must be a current service, by its own certificate, and the
 * `service` of every deployment that the route means. An unknown deployment and one of somebody else get the same answer.
 */
export function decideAsker(
  snapshot: Snapshot,
  asker: CertificateFacts | 'absent',
  route: Route,
  at: DecisionTime,
): AskerDecision {
  try {
    return judgeAsker(askerInquiry(snapshot, asker, route, at))
  } catch (fault) {
    return { kind: 'refused', reason: 'PDP_UNAVAILABLE', step: REASONS.PDP_UNAVAILABLE.step, fault }
  }
}

function decideInquiry(inquiry: Inquiry): Decision {
  const refusal = firstRefusal(STEPS, inquiry)
  return refusal === undefined ? allowed(inquiry) : denied(refusal, inquiry)
}

/** The reason of the first of `steps` that refuses. */
export function firstRefusal(steps: readonly Step[], inquiry: Inquiry): DenialReason | undefined {
  for (const { check } of steps) {
    const outcome = check(inquiry)
    if (isRefusal(outcome)) return outcome
  }
  return undefined
}

function isRefusal(outcome: StepOutcome): outcome is DenialReason {
  return outcome !== 'passed' && outcome !== 'not-applicable'
}

function allowed(inquiry: Inquiry): Allowed {
  const certificate = verified(inquiry)
  return {
    decision: 'allow',
    reason: 'ALLOWED',
    step: 'all',
    subject: subjectOf(certificate),
    resource: routed(inquiry).name,
    policyRevision: inquiry.snapshot.revision,
    validUntil: certificate.validity.notAfter,
  }
}

function denied(reason: DenialReason, inquiry: Inquiry): Denied {
  const { route, snapshot } = inquiry
  const certificate = provenCertificate(reason, inquiry)
  return {
    decision: 'deny',
    reason,
    step: REASONS[reason].step,
    ...(certificate === undefined ? {} : { subject: subjectOf(certificate) }),
    ...(route.kind === 'found' ? { resource: route.deployment.name } : {}),
    policyRevision: snapshot.revision,
  }
}

/** Reasons that come after the certificate has held. Only then is there a subject to speak of. */
const AFTER_PROOF: ReadonlySet<string> = new Set(['9', '10u', '10s', '13', '14'])

function provenCertificate(reason: DenialReason, { question, route }: Inquiry): VerifiedCertificate | undefined {
  const { certificate } = question.credentials
  const released = route.kind === 'held' && reason === route.reason
  if (!released && !AFTER_PROOF.has(REASONS[reason].step)) return undefined
  return certificate !== 'absent' && certificate.kind === 'verified' ? certificate : undefined
}

function subjectOf({ profile, commonName, spiffeId }: VerifiedCertificate): Subject {
  return { profile, name: commonName, spiffeId }
}

/** Nothing else can be said: what broke may have been the snapshot. */
function unavailable(fault: unknown): Denied {
  return { decision: 'deny', reason: 'PDP_UNAVAILABLE', step: REASONS.PDP_UNAVAILABLE.step, policyRevision: 0, fault }
}

function askerInquiry(snapshot: Snapshot, asker: CertificateFacts | 'absent', route: Route, at: DecisionTime): Inquiry {
  const credentials = asker === 'absent' ? { certificate: asker, others: [] } : certificateAlone(asker)
  // Nobody acts for anybody here; the identity steps do not look at it.
  const question: Question = { route, credentials, actingUser: { kind: 'credential-itself' } }
  return { snapshot, question, at, route: resolveRoute(snapshot, route) }
}

function judgeAsker(inquiry: Inquiry): AskerDecision {
  const refusal = firstRefusal(RECOGNITION_STEPS, inquiry) ?? checkServes(inquiry)
  if (refusal !== undefined) return { kind: 'refused', reason: refusal, step: REASONS[refusal].step }
  return { kind: 'trusted', subject: subjectOf(verified(inquiry)), policyRevision: inquiry.snapshot.revision }
}

function checkServes(inquiry: Inquiry): 'PEP_UNTRUSTED' | undefined {
  const asker = verified(inquiry)
  const asked = mentionedDeployments(inquiry.snapshot, inquiry.question.route)
  if (asker.profile !== 'service' || asked.length === 0) return 'PEP_UNTRUSTED'
  const serves = ({ service }: DeploymentView): boolean => service === asker.service
  return asked.every(serves) ? undefined : 'PEP_UNTRUSTED'
}
