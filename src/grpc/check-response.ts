// An answer as Envoy takes it. Every header overwrites: the default of `append_action` appends, so that a client's own copy would
// come first (envoyproxy/envoy#22845). `clear_route_cache` is never touched: our headers change no routing.
//
// An answer is a refusal unless its status is 200: what is not understood cannot become an allowance here.
import { status as grpcStatus } from '@grpc/grpc-js'
import type { Decision } from '../access/decision.ts'
import type { CallAnswer } from '../proxies/call-answer.ts'
import type { CheckResponse, HeaderValueOption, MetadataEntry } from './protocol.ts'

/** Row A8; RFC 6585 §4 has no code of its own in gRPC. */
const GRPC_STATUS: ReadonlyMap<number, number> = new Map([
  [400, grpcStatus.INVALID_ARGUMENT],
  [401, grpcStatus.UNAUTHENTICATED],
  [403, grpcStatus.PERMISSION_DENIED],
  [404, grpcStatus.NOT_FOUND],
  [429, grpcStatus.RESOURCE_EXHAUSTED],
  [503, grpcStatus.UNAVAILABLE],
])

export function checkResponse(answer: CallAnswer): CheckResponse {
  const { status, reason, decision } = answer
  const isAllowed = status === 200 && decision.decision === 'allow'
  if (!isAllowed) return refusal(status === 200 ? 503 : status, reason, answer)
  return {
    status: { code: grpcStatus.OK, message: reason },
    ok_response: { headers: answer.identity.map(overwriting), headers_to_remove: answer.headersToRemove() },
    dynamic_metadata: { fields: metadataOf(reason, decision) },
  }
}

/** Nothing could be decided. A refusal and not an error of the call, which Envoy may be told to let through. */
export const UNAVAILABLE: CheckResponse = refusal(503, 'PDP_UNAVAILABLE')

/** Row A8. */
export const INVALID: CheckResponse = refusal(400, 'REQUEST_AMBIGUOUS', { message: 'Invalid request' })

interface RefusalDetails extends Partial<Pick<CallAnswer, 'challenges' | 'headers' | 'decision'>> {
  readonly message?: string
}

function refusal(httpStatus: number, reason: string, details: RefusalDetails = {}): CheckResponse {
  const { challenges = [], headers = [], decision, message = reason } = details
  const problem = { type: `urn:signet:decision:${reason}`, title: message, status: httpStatus, code: reason }
  const told = new Map<string, string>([
    ['x-authz-reason', reason],
    ['x-ext-auth-reason', message],
    ...headers,
    ['content-type', 'application/problem+json'],
    ['cache-control', 'no-store'],
  ])
  // One field with all of them (RFC 9110 §11.6.1): of several fields a writer that overwrites keeps the last.
  if (challenges.length > 0) told.set('www-authenticate', challenges.join(', '))
  return {
    status: { code: GRPC_STATUS.get(httpStatus) ?? grpcStatus.PERMISSION_DENIED, message },
    denied_response: {
      status: { code: httpStatus },
      headers: [...told].map(overwriting),
      body: JSON.stringify(problem),
    },
    dynamic_metadata: { fields: metadataOf(reason, decision) },
  }
}

function overwriting([key, value]: readonly [key: string, value: string]): HeaderValueOption {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }
}

/** For Envoy's access log and the filters behind: under `envoy.filters.http.ext_authz`. */
function metadataOf(reason: string, decision: Decision | undefined): MetadataEntry[] {
  const fields: MetadataEntry[] = [{ key: 'reason', value: { string_value: reason } }]
  if (decision === undefined) return fields
  const { subject, policyRevision } = decision
  fields.push({ key: 'policy_revision', value: { number_value: policyRevision } })
  if (subject !== undefined) fields.push({ key: 'subject', value: { string_value: subject.name } })
  const until = decision.decision === 'allow' ? decision.validUntil : undefined
  if (until !== undefined) fields.push({ key: 'valid_until', value: { string_value: until.toISOString() } })
  return fields
}
