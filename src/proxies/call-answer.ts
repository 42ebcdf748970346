// What comes of a call: the decision, and what each way in makes of it (an HTTP status, challenges, headers).
import type { Decision } from '../access/decision.ts'
import type { Reason } from '../access/reasons.ts'
import type { EmittedIdentityHeader } from './identity-headers.ts'

export interface CallAnswer {
  /** For logs and records: what whoever asked is told is below. */
  readonly decision: Decision
  /** What is told outside: the three refusals of API keys are one. */
  readonly reason: Reason
  /** By the table of docs/decision.md: 200 where the call may go on. */
  readonly status: number
  /** Values of `WWW-Authenticate`: one for each kind of credential that would do, with 401; `insufficient_scope` with 403. */
  readonly challenges: readonly string[]
  /** `x-authz-reason`, `x-ext-auth-reason`, `x-authz-valid-until`, `retry-after`: for whoever asked. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** For the model server, overwriting what the client sent. Empty where the call is refused or is nobody's. */
  readonly identity: readonly (readonly [name: EmittedIdentityHeader, value: string])[]
  /** Names in lower case that must not reach the model server; none of `identity` among them. Not every proxy is told. */
  readonly headersToRemove: () => readonly string[]
}
