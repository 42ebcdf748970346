// The question and its answer. A refusal is a value; only a broken evaluator throws, and `decide` turns that into a
// refusal too.
import type { Facts } from '../domain/coded-error.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { SpiffeId } from '../domain/spiffe-id.ts'
import type { Action } from '../domain/access-policy.ts'
import type { ActingUser, CallerProfile, Credentials } from './facts.ts'
import type { Principal } from './principal.ts'
import type { DenialReason, StepId } from './reasons.ts'

/** How the caller named the deployment: texts as they came, looked up and never parsed. */
export interface Route {
  /** By its name, as the asking server or the proxy's own configuration says it. */
  readonly deployment: string | undefined
  readonly host: string | undefined
  /** Whatever else names a model: a routing header, the body's `model`, a part of the path. All of them must agree. */
  readonly models: readonly string[]
}

export type CallPath =
  /**
   * `path`: decoded once, without empty, `.` or `..` segments (src/proxies/canonical-path.ts). `raw`: the target as it was sent,
   * with its query: what had to be repaired (`//healthz`) is routed, and is no unprotected path.
   */
  | { readonly kind: 'canonical'; readonly path: string; readonly raw: string }
  | { readonly kind: 'refused' }
  /** The asking server does not tell it. */
  | { readonly kind: 'untold' }

/** The request that is asked about. */
export interface CallFacts {
  /** Whether its headers say one thing (step 1a). */
  readonly reading: 'clear' | 'ambiguous'
  /** As it was sent; undefined where it is not told. */
  readonly method: string | undefined
  readonly path: CallPath
}

export const UNTOLD_CALL: CallFacts = Object.freeze({
  reading: 'clear',
  method: undefined,
  path: Object.freeze({ kind: 'untold' }),
})

export interface Question {
  /** Who asks: the caller itself, or a server or proxy on its behalf, which was recognised (`decideAsker`) or was not. */
  readonly asker: 'self' | 'trusted' | 'untrusted'
  readonly call: CallFacts
  readonly route: Route
  readonly action: Action
  readonly credentials: Credentials
  readonly actingUser: ActingUser
  /** The member for whom the caller says it calls. */
  readonly delegatedFor: string | undefined
  /** Calls of this minute that were let through to the deployment before this one. */
  readonly callsThisMinute: number
}

/** The instant of a decision on both clocks: validity is judged on the wall clock, the snapshot's age on the other. */
export interface DecisionTime {
  readonly wall: Date
  /** Milliseconds of `Clock.monotonicMilliseconds`. */
  readonly monotonic: number
}

/** Who was recognised: stated once every credential has held (steps 7 and 8), never from a claim. */
export interface Subject {
  readonly kind: Principal['kind']
  /** `PROJECT__USER`, the name of a service, `provider|subject`, `passphrase|deployment|entry`. */
  readonly name: string
  /** Of the certificate, where one was presented. */
  readonly profile?: CallerProfile
  readonly spiffeId?: SpiffeId
}

/** What let the call through: an exception of the table, or the kind of principal that passed all of it. */
export const ALLOW_RULES = [
  'public_path',
  'unauthenticated',
  'superadmin',
  'administrator',
  'member',
  'account',
  'service',
  'external',
  'passphrase',
  'hidden_model',
] as const
export type AllowRule = (typeof ALLOW_RULES)[number]

export interface Allowed {
  readonly decision: 'allow'
  readonly reason: 'ALLOWED'
  readonly step: 'all'
  readonly matchedRule: AllowRule
  /** Absent where nobody was asked for (`public_path`, `unauthenticated`). */
  readonly subject?: Subject
  readonly resource: DeploymentName
  /** The change-log number up to which everything was known. */
  readonly policyRevision: number
  /** When the groups were so that were looked at. */
  readonly groupsAsOf?: Date
  /** The last instant at which the same answer could stand if nothing but time changed. Absent: nothing in it ends by itself. */
  readonly validUntil?: Date
}

export interface Denied {
  readonly decision: 'deny'
  readonly reason: DenialReason
  readonly step: StepId
  /** Absent until every credential has held. */
  readonly subject?: Subject
  /** Absent while the route is unknown or in conflict; a challenge then names the realm `signet`. */
  readonly resource?: DeploymentName
  readonly policyRevision: number
  readonly groupsAsOf?: Date
  /** What the evaluator threw, with PDP_UNAVAILABLE alone. For the log, never for the client. */
  readonly fault?: unknown
}

export type Decision = Allowed | Denied

/** `allow` ends the table as a reason does. */
export type StepOutcome = 'passed' | 'not-applicable' | DenialReason | { readonly allow: AllowRule }

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
