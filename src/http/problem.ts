// Problem documents (RFC 9457): the one shape of every refusal over HTTP. `code` is stable; texts are for people.
import type { Facts } from '../domain/coded-error.ts'
import { CodedError } from '../domain/coded-error.ts'
import { isProblemCode, type ProblemCode, PROBLEMS } from './problems.ts'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly requestId: string
  readonly facts?: Facts
  readonly errorCode?: number
}

/** A refusal of the edge itself. */
export class HttpRefused extends CodedError<ProblemCode> {
  /** Extra headers that the refusal carries: `Retry-After`, `Allow`, `WWW-Authenticate`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, facts: Facts = {}, headers: Readonly<Record<string, string>> = {}) {
    super(code, facts)
    this.headers = headers
  }
}

export function problemOf(code: ProblemCode, facts: Facts, requestId: string): Problem {
  const { status, title, tells, errorCode } = PROBLEMS[code]
  const told = tells === 'facts' && Object.keys(facts).length > 0 ? { facts } : {}
  return {
    type: `urn:signet:problem:${code}`,
    title,
    status,
    code,
    requestId,
    ...told,
    ...(errorCode === undefined ? {} : { errorCode }),
  }
}

export function problemResponse(
  code: ProblemCode,
  facts: Facts,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, string>> = {},
): Response {
  const problem = problemOf(code, facts, requestId)
  return new Response(JSON.stringify({ ...problem, ...more }), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...(problem.status === 401 ? { 'www-authenticate': challengeOf(code) } : {}),
      ...headers,
    },
  })
}

/**
 * A bearer token that was refused is answered for as such (RFC 6750 §3), an API key for itself; who shows nothing where a key would
 * do hears of both ways in, and everyone else is asked for a certificate.
 */
function challengeOf(code: ProblemCode): string {
  if (code === 'api_key_invalid') return 'ApiKey realm="signet"'
  if (code === 'authorization_missing') return 'Bearer realm="signet", Mutual realm="signet"'
  const refusesToken = code.startsWith('token_') || code === 'authorization_malformed'
  return refusesToken ? 'Bearer realm="signet", error="invalid_token"' : 'Mutual realm="signet"'
}

/** Turns what a handler threw into a refusal, or into `internal` when it is no refusal that we know. */
export function problemFrom(error: unknown): {
  readonly code: ProblemCode
  readonly facts: Facts
  readonly headers: Readonly<Record<string, string>>
} {
  if (error instanceof HttpRefused) return { code: error.code, facts: error.facts, headers: error.headers }
  const code = error instanceof CodedError ? String(error.code) : 'internal'
  if (error instanceof CodedError && isProblemCode(code)) return { code, facts: error.facts, headers: {} }
  return { code: 'internal', facts: {}, headers: {} }
}
