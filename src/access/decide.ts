// The decision: one pure, synchronous function of a snapshot, a question made of verified facts, and an instant. It walks
// the table of steps.ts; the first step that refuses gives the one reason.
//
// It reads no clock, waits for nothing, changes nothing and remembers nothing. What breaks inside it refuses
// (PDP_UNAVAILABLE) and hands the fault on for the log.
import type {
  Allowed,
  AllowRule,
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
import { ALLOW_RULES, UNTOLD_CALL } from './decision.ts'
import { certificateAlone, type CertificateFacts, NO_CREDENTIALS } from './facts.ts'
import { certificateOf, type Inquiry, inquiryInto, principalIn, routed } from './inquiry.ts'
import { groupsAsOf, validUntil } from './lifetime.ts'
import { subjectOf } from './principal.ts'
import { type DenialReason, REASONS } from './reasons.ts'
import { servesHidden } from './right-checks.ts'
import { mentionedDeployments } from './route.ts'
import type { DeploymentView, Snapshot } from './snapshot.ts'
import { RECOGNITION_STEPS, type Step, STEPS } from './steps.ts'

export function decide(snapshot: Snapshot, question: Question, at: DecisionTime): Decision {
  return decideBy(STEPS, snapshot, question, at)
}

/** The decision by a table of steps: `decide` is that of `STEPS`. */
export function decideBy(steps: readonly Step[], snapshot: Snapshot, question: Question, at: DecisionTime): Decision {
  try {
    const inquiry = inquiryInto(snapshot, question, at)
    const end = endOf(steps, inquiry)
    return typeof end === 'string' ? denied(end, inquiry) : allowed(end.allow, inquiry)
  } catch (fault) {
    return unavailable(fault)
  }
}

/** The same answer, with every step that was reached. For those who may read it: it shows names of other people. */
export function explain(snapshot: Snapshot, question: Question, at: DecisionTime): Explanation {
  const decision = decide(snapshot, question, at)
  if (decision.reason === 'PDP_UNAVAILABLE') return { decision, steps: [] }
  const inquiry = inquiryInto(snapshot, question, at)
  const steps: ExplainedStep[] = []
  for (const { step, title, check, saw } of STEPS) {
    const outcome = check(inquiry)
    steps.push({ step, title, outcome, saw: saw(inquiry) })
    if (isEnd(outcome)) break
  }
  return { decision, steps }
}

/**
 * Step 0 for whoever hands over what it saw: it must be a current service, by its own certificate, and the `service` of
 * every deployment that the route means, or a proxy that is registered for them. An unknown deployment and one of somebody
 * else get the same answer, but for a proxy that is registered for all.
 */
export function decideAsker(
  snapshot: Snapshot,
  asker: CertificateFacts | 'absent',
  route: Route,
  at: DecisionTime,
): AskerDecision {
  try {
    return judgeAsker(recognitionOf(snapshot, asker, at), route)
  } catch (fault) {
    return { kind: 'refused', reason: 'PDP_UNAVAILABLE', step: REASONS.PDP_UNAVAILABLE.step, fault }
  }
}

/** The reason of the first of `steps` that refuses. */
export function firstRefusal(steps: readonly Step[], inquiry: Inquiry): DenialReason | undefined {
  for (const { check } of steps) {
    const outcome = check(inquiry)
    if (isEnd(outcome) && typeof outcome === 'string') return outcome
  }
  return undefined
}

/** An inquiry about a certificate alone: no deployment is named and nobody is acted for. */
export function recognitionOf(snapshot: Snapshot, certificate: CertificateFacts | 'absent', at: DecisionTime): Inquiry {
  const question: Question = {
    asker: 'self',
    call: UNTOLD_CALL,
    route: { deployment: undefined, host: undefined, models: [] },
    action: 'infer',
    credentials: certificate === 'absent' ? NO_CREDENTIALS : certificateAlone(certificate),
    actingUser: { kind: 'credential-itself' },
    delegatedFor: undefined,
    callsThisMinute: 0,
  }
  return inquiryInto(snapshot, question, at)
}

type End = DenialReason | { readonly allow: AllowRule }

function endOf(steps: readonly Step[], inquiry: Inquiry): End {
  for (const { check } of steps) {
    const outcome = check(inquiry)
    if (isEnd(outcome)) return outcome
  }
  return { allow: ruleOf(inquiry) }
}

function isEnd(outcome: StepOutcome): outcome is End {
  return outcome !== 'passed' && outcome !== 'not-applicable'
}

/** What passed all of the table. */
function ruleOf(inquiry: Inquiry): AllowRule {
  if (servesHidden(inquiry)) return 'hidden_model'
  const { kind } = principalIn(inquiry)
  return kind === 'admin' ? 'administrator' : kind
}

const KNOWN_RULES: ReadonlySet<string> = new Set(ALLOW_RULES)

/** What no step knows, a principal of a kind that a newer process wrote, would pass them all: only a rule of ours allows. */
function refuseUnknown(rule: AllowRule): void {
  if (!KNOWN_RULES.has(rule)) throw new TypeError(`no rule allows this: ${rule}`)
}

function allowed(matchedRule: AllowRule, inquiry: Inquiry): Allowed {
  refuseUnknown(matchedRule)
  const subject = isAboutNobody(matchedRule) ? undefined : subjectIn(inquiry)
  const until = subject === undefined ? undefined : validUntil(inquiry)
  const asOf = subject === undefined ? undefined : groupsAsOf(inquiry)
  return {
    decision: 'allow',
    reason: 'ALLOWED',
    step: 'all',
    matchedRule,
    ...(subject === undefined ? {} : { subject }),
    resource: routed(inquiry).name,
    policyRevision: inquiry.snapshot.revision,
    ...(asOf === undefined ? {} : { groupsAsOf: asOf }),
    ...(until === undefined ? {} : { validUntil: until }),
  }
}

/** What was presented was not looked at: it names nobody. */
function isAboutNobody(rule: AllowRule): boolean {
  return rule === 'public_path' || rule === 'unauthenticated'
}

function denied(reason: DenialReason, inquiry: Inquiry): Denied {
  const { route, snapshot } = inquiry
  const isProven = comesAfterProof(reason, inquiry)
  const asOf = isProven ? groupsAsOf(inquiry) : undefined
  return {
    decision: 'deny',
    reason,
    step: REASONS[reason].step,
    ...(isProven ? { subject: subjectIn(inquiry) } : {}),
    ...(route.kind === 'found' ? { resource: route.deployment.name } : {}),
    policyRevision: snapshot.revision,
    ...(asOf === undefined ? {} : { groupsAsOf: asOf }),
  }
}

/** Steps that come before all credentials have held and named one principal. */
const BEFORE_PROOF: ReadonlySet<string> = new Set([
  ...['snapshot', '0', '1a', '1b', '2', '3', '4', '5', '6', '7c', '7r', '7t', '7k', '7p', '8', 'err'],
])

function comesAfterProof(reason: DenialReason, { route }: Inquiry): boolean {
  const isReleased = route.kind === 'held' && reason === route.reason
  return isReleased || !BEFORE_PROOF.has(REASONS[reason].step)
}

function subjectIn(inquiry: Inquiry): Subject {
  return subjectOf(principalIn(inquiry), certificateOf(inquiry))
}

/** Nothing else can be said: what broke may have been the snapshot. */
function unavailable(fault: unknown): Denied {
  return { decision: 'deny', reason: 'PDP_UNAVAILABLE', step: REASONS.PDP_UNAVAILABLE.step, policyRevision: 0, fault }
}

function judgeAsker(inquiry: Inquiry, route: Route): AskerDecision {
  const refusal = firstRefusal(RECOGNITION_STEPS, inquiry) ?? checkServes(inquiry, route)
  if (refusal !== undefined) return { kind: 'refused', reason: refusal, step: REASONS[refusal].step }
  return { kind: 'trusted', subject: subjectIn(inquiry), policyRevision: inquiry.snapshot.revision }
}

function checkServes(inquiry: Inquiry, route: Route): 'PEP_UNTRUSTED' | undefined {
  const { snapshot } = inquiry
  const asker = principalIn(inquiry)
  if (asker.kind !== 'service') return 'PEP_UNTRUSTED'
  const listed = snapshot.proxyOf(asker.service)?.deployments
  // It may ask about anything, also about what there is not: the decision says so (rows HX10 and A7).
  if (listed === 'all') return undefined
  const asked = mentionedDeployments(snapshot, route)
  const mayAskAbout = ({ service, name }: DeploymentView): boolean =>
    service === asker.service || listed?.has(name) === true
  return asked.length > 0 && asked.every(mayAskAbout) ? undefined : 'PEP_UNTRUSTED'
}
