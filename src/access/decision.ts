// The question and its answer. A refusal is a value; only a broken evaluator throws, and `decide` turns that into a
// refusal too.
import type { Facts } from '../domain/coded-error.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { SpiffeId } from '../domain/spiffe-id.ts'
import type { ActingUser, CallerProfile, Credentials } from './facts.ts'
import type { DenialReason, StepId } from './reasons.ts'

/** How the caller named the deployment: texts as they came, looked up and never parsed. */
export type Route =
  | { readonly kind: 'deployment'; readonly deployment: string }
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'deployment-and-host'; readonly deployment: string; readonly host: string }

export interface Question {
  readonly route: Route
  readonly credentials: Credentials
  readonly actingUser: ActingUser
}

/** The instant of a decision on both clocks: validity is judged on the wall clock, the snapshot's age on the other. */
export interface DecisionTime {
  readonly wall: Date
  /** Milliseconds of `Clock.monotonicMilliseconds`. */
  readonly monotonic: number
}

/** Who was recognised: stated once its certificate has held (steps 7c and 7r), never from a claim. */
export interface Subject {
  readonly profile: CallerProfile
  /** The common name. */
  readonly name: string
  readonly spiffeId: SpiffeId
}

export interface Allowed {
  readonly decision: 'allow'
  readonly reason: 'ALLOWED'
  readonly step: 'all'
  readonly subject: Subject
  readonly resource: DeploymentName
  /** The change-log number up to which everything was known. */
  readonly policyRevision: number
  /** The last instant at which the same answer could stand if nothing but time changed. */
  readonly validUntil: Date
}

export interface Denied {
  readonly decision: 'deny'
  readonly reason: DenialReason
  readonly step: StepId
  /** Absent until a credential has held. */
  readonly subject?: Subject
  /** Absent while the route is unknown or in conflict; a challenge then names the realm `signet`. */
  readonly resource?: DeploymentName
  readonly policyRevision: number
  /** What the evaluator threw, with PDP_UNAVAILABLE alone. For the log, never for the client. */
  readonly fault?: unknown
}

export type Decision = Allowed | Denied

export type StepOutcome = 'passed' | 'not-applicable' | DenialReason

/** One step that was reached, and what it saw. */
export interface ExplainedStep {
  readonly step: StepId
  readonly title: string
  readonly outcome: StepOutcome
  readonly saw: Facts
}

export interface Explanation {
  readonly decision: Decision
  /** In order; it ends with the step that refused. */
  readonly steps: readonly ExplainedStep[]
}

/** Whether somebody may ask about a deployment at all. */
export type AskerDecision =
  | { readonly kind: 'trusted'; readonly subject: Subject; readonly policyRevision: number }
  | { readonly kind: 'refused'; readonly reason: DenialReason; readonly step: StepId; readonly fault?: unknown }
