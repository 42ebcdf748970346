// The one way from a told call to an answer: for `/authz/*`, gRPC and the sidecar alike. It reads the call strictly, lets only
// those tell of calls who are registered for it (step 0), verifies what was presented, and decides.
//
// No sockets, no framework, no clock of its own. What it rejects with is a fault of ours: callers answer 503.
import type { Snapshot } from '../access/snapshot.ts'
import type { Clock } from '../domain/clock.ts'
import type { CertificateFacts, TokenFacts } from '../access/facts.ts'
import type { PassphraseCheck } from '../tokens/passphrase-check.ts'
import type { CallAnswer } from './call-answer.ts'
import type { Asker, ToldCall } from './told-call.ts'

/** Signs what a model server is told of a caller. */
export interface IdentitySigner {
  readonly issuer: string
  /** A compact JWS of `typ: identity+jwt`. */
  sign(claims: object): Promise<string>
}

/** How often credentials may fail, by what is no secret of them and by the client's address. */
export interface FailureLimit {
  /** Seconds to wait, or undefined when it is looked at. */
  waitSeconds(attempt: FailedAttempt): number | undefined
  failed(attempt: FailedAttempt, reason: string): void
}

export interface FailedAttempt {
  readonly kind: 'api-key' | 'bearer'
  readonly credential: string
  readonly address: string
}

/** The way in, for metrics and logs. */
export const WAYS = ['authorize', 'authzen', 'nginx', 'forward-auth', 'envoy-http', 'envoy-grpc', 'sidecar'] as const
export type Way = (typeof WAYS)[number]

export interface CallObserver {
  /** Each decision, with its real reason. `seconds` without the time in which nothing was computed here is not told apart. */
  decided(decision: CallAnswer['decision'], way: Way, seconds: number): void
}

export interface CallDeskParts {
  readonly snapshot: Snapshot
  readonly clock: Clock
  readonly certificates: { verify(der: Uint8Array): CertificateFacts }
  readonly tokens: { factsOf(token: string): Promise<TokenFacts> }
  readonly passphrases: Pick<PassphraseCheck, 'check'>
  /** `none`: no `signet-identity` is made (a sidecar has no token key). */
  readonly identity: IdentitySigner | 'none'
  readonly limit: FailureLimit
  /** Brings the snapshot up to date, at most once a second, whoever asks. */
  readonly refresh: () => Promise<void>
  readonly observer: CallObserver
}

export interface CallDesk {
  answer(call: ToldCall, asker: Asker, way: Way): Promise<CallAnswer>
}
