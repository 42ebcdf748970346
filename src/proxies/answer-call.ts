// The one way from a told call to an answer: for `/authz/*`, gRPC and the sidecar alike. It reads the call strictly, lets only
// those tell of calls who are registered for it (step 0), verifies what was presented, decides, and says who calls.
//
// No sockets, no framework, no clock of its own. What it rejects with is a fault of ours, answered as PDP_UNAVAILABLE.
import type { Decision, Denied, Explanation, Question, Route } from '../access/decision.ts'
import type { CertificateFacts } from '../access/facts.ts'
import { recogniseCaller } from '../access/recognise.ts'
import { type DenialReason, REASONS } from '../access/reasons.ts'
import { mentionedDeployments } from '../access/route.ts'
import { instantText } from '../domain/instant-text.ts'
import type { ProxyView, Snapshot } from '../access/snapshot.ts'
import type { CallAnswer } from './call-answer.ts'
import { CallsPerMinute } from './calls-per-minute.ts'
import { challengesFor, extAuthReason, outwardReason, statusOf } from './decision-status.ts'
import { type IdentitySigner, IdentityTokens } from './identity-token.ts'
import { explainCall, type JudgedCall, judgeCall, type JudgingMeans, type PutCall } from './judged-call.ts'
import { headersToRemove, identityHeaders, passedIdentity } from './passed-headers.ts'
import { KnownLeaves } from './known-leaves.ts'
import { readCall, type ReadingMeans, type Teller } from './read-call.ts'
import type { Asker, ToldCall } from './told-call.ts'

/** The way in, for metrics and logs. */
export const WAYS = ['authorize', 'authzen', 'nginx', 'forward-auth', 'envoy-http', 'envoy-grpc', 'sidecar'] as const
export type Way = (typeof WAYS)[number]

export interface CallObserver {
  /** Each decision, with its real reason. */
  decided(decision: Decision, way: Way, seconds: number): void
}

export interface CallDeskParts extends Omit<JudgingMeans, 'calls'> {
  readonly certificates: { verify(der: Uint8Array): CertificateFacts }
  /** `none`: no `signet-identity` is made (a sidecar has no token key). */
  readonly identity: IdentitySigner | 'none'
  readonly observer: CallObserver
}

export class CallDesk {
  readonly #parts: CallDeskParts
  readonly #means: JudgingMeans
  readonly #reading: ReadingMeans
  readonly #identities: IdentityTokens | undefined

  constructor(parts: CallDeskParts) {
    this.#parts = parts
    this.#reading = { ...parts, leaves: new KnownLeaves() }
    this.#means = { ...parts, calls: new CallsPerMinute(parts.clock) }
    this.#identities = parts.identity === 'none' ? undefined : new IdentityTokens(parts.identity, parts.clock)
  }

  /** About a call that is to go on now. Never rejects: what breaks refuses. */
  async answer(told: ToldCall, asker: Asker, way: Way): Promise<CallAnswer> {
    const started = performance.now()
    const answer = await this.#answer(told, asker, 'counted')
    this.#parts.observer.decided(answer.decision, way, (performance.now() - started) / 1000)
    return answer
  }

  /** Once more about a call that goes on: whether it still may. It counts for no quota. */
  lookAgain(told: ToldCall, asker: Asker): Promise<CallAnswer> {
    return this.#answer(told, asker, 'looked-at')
  }

  /** For whoever asks in words of its own (`/v1/authorize`, AuthZEN), and was judged as an asker before. */
  async decide(put: PutCall, way: Way): Promise<JudgedCall> {
    const started = performance.now()
    const judged = await judgeCall(this.#means, put)
    this.#parts.observer.decided(judged.decision, way, (performance.now() - started) / 1000)
    return judged
  }

  explain(put: PutCall): Promise<Explanation> {
    return explainCall(this.#means, put)
  }

  async #answer(told: ToldCall, asker: Asker, counting: PutCall['counting']): Promise<CallAnswer> {
    try {
      const seen = this.#lookUp(asker)
      const teller = mayBeNew(seen) ? await this.#lookUpAnew(asker) : seen
      if (teller.kind === 'refused') return this.#refused(this.#denied(teller.reason, teller.fault), [])
      const { read, toRemove } = readCall(this.#reading, told, teller.kind === 'self' ? 'none' : teller.view)
      const isHeard = teller.kind === 'self' || speaksFor(this.#parts.snapshot, teller.proxy, read.route)
      const word: Question['asker'] = teller.kind === 'self' ? 'self' : isHeard ? 'trusted' : 'untrusted'
      const judged = await judgeCall(this.#means, { ...read, asker: word, action: 'infer', counting })
      return await this.#answerOf(judged, toRemove)
    } catch (fault) {
      return this.#refused(this.#denied('PDP_UNAVAILABLE', fault), [])
    }
  }

  /** A proxy that was registered a moment ago is looked for once more. */
  async #lookUpAnew(asker: Asker): Promise<TellerOutcome> {
    await this.#parts.refresh()
    return this.#lookUp(asker)
  }

  /** Step 0: who tells of the call. */
  #lookUp(asker: Asker): TellerOutcome {
    if (asker.kind === 'self') return asker
    const service = asker.kind === 'registered' ? asker.service : this.#serviceOf(asker.certificate)
    if (typeof service !== 'string') return service
    const { snapshot } = this.#parts
    const proxy = snapshot.service(service) === undefined ? undefined : snapshot.proxyOf(service)
    if (proxy === undefined) return { kind: 'refused', reason: 'PEP_UNTRUSTED' }
    return { kind: 'proxy', proxy, view: { dialect: proxy.certificateDialect, hops: proxy.hops } }
  }

  #serviceOf(der: Uint8Array | 'absent'): string | Extract<TellerOutcome, { readonly kind: 'refused' }> {
    if (der === 'absent') return { kind: 'refused', reason: 'PEP_UNTRUSTED' }
    const { snapshot, certificates, clock } = this.#parts
    const at = { wall: clock.now(), monotonic: clock.monotonicMilliseconds() }
    const recognition = recogniseCaller(snapshot, certificates.verify(der), at)
    if (recognition.kind === 'recognised') {
      const { certificate } = recognition
      return certificate.profile === 'service' ? certificate.service : { kind: 'refused', reason: 'PEP_UNTRUSTED' }
    }
    const { reason, fault } = recognition
    const isOurs = REASONS[reason].category === 'unavailable'
    return { kind: 'refused', reason: isOurs ? reason : 'PEP_UNTRUSTED', fault }
  }

  #denied(reason: DenialReason, fault: unknown): Denied {
    const { revision: policyRevision } = this.#parts.snapshot
    const step = REASONS[reason].step
    return { decision: 'deny', reason, step, policyRevision, ...(fault === undefined ? {} : { fault }) }
  }

  async #answerOf({ decision, question, retryAfterSeconds }: JudgedCall, present: readonly string[]) {
    if (decision.decision === 'deny') return this.#refused(decision, present, retryAfterSeconds)
    const identity = passedIdentity(decision, question)
    const token = identity === undefined ? undefined : await this.#identities?.tokenFor(identity)
    const passed = identity === undefined ? [] : identityHeaders(identity, decision, token)
    const { validUntil } = decision
    const headers: CallAnswer['headers'] = [
      ['x-authz-reason', 'ALLOWED'],
      ...(validUntil === undefined ? [] : [['x-authz-valid-until', instantText(validUntil)] as const]),
    ]
    return {
      decision,
      reason: 'ALLOWED',
      status: 200,
      challenges: [],
      headers,
      identity: passed,
      headersToRemove: () => headersToRemove(present, passed),
    } satisfies CallAnswer
  }

  #refused(decision: Denied, present: readonly string[], retryAfterSeconds?: number): CallAnswer {
    const reason = outwardReason(decision.reason)
    const words = extAuthReason(reason)
    const wait = retryAfterSeconds ?? (statusOf(reason) === 503 ? 1 : undefined)
    return {
      decision,
      reason,
      status: statusOf(reason),
      challenges: challengesFor(this.#parts.snapshot, decision),
      headers: [
        ['x-authz-reason', reason],
        ...(words === undefined ? [] : [['x-ext-auth-reason', words] as const]),
        ...(wait === undefined ? [] : [['retry-after', String(wait)] as const]),
      ],
      identity: [],
      headersToRemove: () => headersToRemove(present, []),
    }
  }
}

type TellerOutcome =
  | { readonly kind: 'self' }
  | { readonly kind: 'proxy'; readonly proxy: ProxyView; readonly view: Teller }
  | { readonly kind: 'refused'; readonly reason: DenialReason; readonly fault?: unknown }

function mayBeNew(teller: TellerOutcome): boolean {
  return teller.kind === 'refused' && teller.reason === 'PEP_UNTRUSTED'
}

/** For every deployment that the call may mean. One that is registered for all hears also that there is none. */
function speaksFor(snapshot: Snapshot, { deployments }: ProxyView, route: Route): boolean {
  if (deployments === 'all') return true
  const asked = mentionedDeployments(snapshot, route)
  return asked.length > 0 && asked.every(({ name }) => deployments.has(name))
}
