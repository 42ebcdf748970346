// The decision about a read call, with everything before it that takes time: credentials are verified, what is limited is not looked
// at, and what this process may not have heard of yet is asked for once.
import { decide, explain } from '../access/decide.ts'
import type { Decision, DecisionTime, Explanation, Question } from '../access/decision.ts'
import type { OtherCredential } from '../access/facts.ts'
import { type Reason, REASONS } from '../access/reasons.ts'
import { asked, resolveRoute } from '../access/route.ts'
import type { Action } from '../domain/access-policy.ts'
import type { Clock } from '../domain/clock.ts'
import type { CallsPerMinute } from './calls-per-minute.ts'
import { type CredentialMeans, credentialFacts, type FactsOfCredential } from './credential-facts.ts'
import type { ReadCall } from './read-call.ts'

export interface JudgingMeans extends CredentialMeans {
  readonly clock: Clock
  readonly calls: CallsPerMinute
  readonly refresh: () => Promise<void>
}

/** A call as it is put to the decision: whoever asks was judged before. */
export interface PutCall extends ReadCall {
  readonly asker: Question['asker']
  readonly action: Action
  /** Whether it counts for what a deployment lets through in a minute: a look again at a call that goes on does not. */
  readonly counting: 'counted' | 'looked-at'
}

export interface JudgedCall {
  readonly decision: Decision
  readonly question: Question
  readonly retryAfterSeconds: number | undefined
}

/** Rejects with what is no refusal of a credential: a fault of ours. */
export async function judgeCall(means: JudgingMeans, put: PutCall): Promise<JudgedCall> {
  const judged = judgeWith(means, put, await verifiedIn(means, put))
  if (!MAY_BE_NEW.has(judged.decision.reason)) return asLimited(means, judged)
  await means.refresh()
  // What fails counts once, however often it was looked at.
  return asLimited(means, judgeWith(means, put, await verifiedIn(means, put)))
}

interface Judged {
  readonly decision: Decision
  readonly question: Question
  readonly verified: Verified
}

/** What another process may have added a moment ago: worth one look, which is limited. */
const MAY_BE_NEW: ReadonlySet<string> = new Set(['SUBJECT_UNKNOWN', 'KEY_INVALID'])

export async function explainCall(means: JudgingMeans, put: PutCall): Promise<Explanation> {
  const { question } = await judgeCall(means, put)
  return explain(means.snapshot, question, timeOf(means))
}

type Verified = readonly FactsOfCredential[]

/** Nothing waits in here: the count and the decision are of one instant. */
function judgeWith(means: JudgingMeans, put: PutCall, verified: Verified): Judged {
  const { snapshot, calls } = means
  const deployment = asked(resolveRoute(snapshot, put.route, put.call.path))
  const isCounted = deployment?.policy.callsPerMinute !== undefined
  const question = questionOf(put, verified, isCounted ? calls.of(deployment.name) : 0)
  const decision = decide(snapshot, question, timeOf(means))
  if (isCounted && decision.decision === 'allow' && put.counting === 'counted') calls.add(deployment.name)
  return { decision, question, verified }
}

/** Nothing to wait for where a certificate is all that is presented. */
function verifiedIn(means: JudgingMeans, put: PutCall): Verified | Promise<Verified> {
  return isWorthVerifying(put) ? verifiedCredentials(means, put) : NOTHING
}

const NOTHING: Verified = []

/** Nothing is worked out for a call that is refused whatever it presents. */
function isWorthVerifying({ presented, asker, call }: PutCall): boolean {
  return presented.length > 0 && asker !== 'untrusted' && call.reading === 'clear' && call.path.kind !== 'refused'
}

function verifiedCredentials(
  means: JudgingMeans,
  { presented, route, call, clientAddress, asker }: PutCall,
): Promise<Verified> {
  const { snapshot } = means
  const deployment = asked(resolveRoute(snapshot, route, call.path))
  return credentialFacts(means, presented, {
    deployment,
    activated: snapshot.rules.activatedAuthModes,
    clientAddress,
    addressSeen: asker === 'self' ? 'here' : 'told',
  })
}

/**
 * What failed counts for its limit. Where the table comes to a credential that was not looked at, the answer is that too many have
 * failed, and not what the table would say of it.
 */
function asLimited({ limit, snapshot }: JudgingMeans, { decision, question, verified }: Judged): JudgedCall {
  if (verified.length === 0) return { decision, question, retryAfterSeconds: undefined }
  const { reason } = decision
  const failed = verified.filter(({ facts }) => REFUSES[facts.kind]?.has(reason))
  for (const { attempt, retryAfterSeconds } of failed) {
    if (attempt !== undefined && retryAfterSeconds === undefined) limit.failed(attempt, reason)
  }
  const retryAfterSeconds = failed.find((each) => each.retryAfterSeconds !== undefined)?.retryAfterSeconds
  if (retryAfterSeconds === undefined) return { decision, question, retryAfterSeconds }
  const { step } = REASONS.RATE_LIMITED
  const { revision: policyRevision } = snapshot
  return { decision: { decision: 'deny', reason: 'RATE_LIMITED', step, policyRevision }, question, retryAfterSeconds }
}

/** Reasons that say of a credential that it is none: what is good and only old, or for somebody else, was not guessed. */
const REFUSES: Readonly<Partial<Record<OtherCredential['kind'], ReadonlySet<Reason>>>> = {
  token: new Set(['TOKEN_MALFORMED', 'TOKEN_TYPE', 'TOKEN_SIGNATURE', 'TOKEN_ISSUER', 'TOKEN_KEY_UNKNOWN']),
  'api-key': new Set(['KEY_INVALID']),
  passphrase: new Set(['RATE_LIMITED']),
}

function questionOf(put: PutCall, verified: Verified, callsThisMinute: number): Question {
  const { asker, call, route, action, certificate, certificateSeen, actingUser, delegatedFor } = put
  return {
    asker,
    call,
    route,
    action,
    credentials: { certificate, certificateSeen, others: verified.map(({ facts }) => facts) },
    actingUser,
    delegatedFor,
    callsThisMinute,
  }
}

function timeOf({ clock }: JudgingMeans): DecisionTime {
  return { wall: clock.now(), monotonic: clock.monotonicMilliseconds() }
}
