// Idempotency-Key (CP §4.3): the answer to a write is kept in the same transaction as the write, bound to principal, method,
// path and body. A replay is authorised anew by the act that asks here; secrets are never kept, so never replayed.
import { createHash } from 'node:crypto'
import { addSeconds } from '../domain/clock.ts'
import type { IdempotencyScope } from './enrolment-store.ts'
import { EnrollmentRefused } from './errors.ts'
import type { ActContext } from './act-context.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** What the edge knows of a write request that carries an Idempotency-Key. The principal is the act's to say. */
export interface IdempotentRequest {
  readonly method: string
  readonly path: string
  readonly key: string
  /** SHA-256 of the request body, hexadecimal. */
  readonly bodyDigest: string
}

/** A codec between an act's result and the text that is kept. `undefined`: the result holds a secret, keep nothing of it. */
export interface KeptResult<Result> {
  readonly encode: (result: Result) => string
  readonly decode: (text: string) => Result
}

/**
 * Runs `perform` once per key: a repeated request gets what was answered before, another body is refused
 * (`idempotency_key_reused`), and a result that held a secret is not handed over twice (`already_delivered`).
 */
export async function onceFor<Result>(
  context: ActContext,
  tx: UnitOfWork,
  principal: string,
  request: IdempotentRequest | undefined,
  kept: KeptResult<Result> | 'secret',
  perform: () => Promise<Result>,
): Promise<Result> {
  if (request === undefined) return perform()
  const scope: IdempotencyScope = { principal, ...request }
  const now = context.clock.now()
  const claim = await tx.claimIdempotencyKey(scope, now, addSeconds(now, context.policy.credentials.idempotencySeconds))
  switch (claim.kind) {
    case 'other-body':
      throw new EnrollmentRefused('idempotency_key_reused')
    case 'replay':
      if (kept === 'secret') throw new EnrollmentRefused('already_delivered')
      return kept.decode(claim.response)
    case 'new': {
      const result = await perform()
      await tx.saveIdempotentResponse(scope, kept === 'secret' ? '' : kept.encode(result))
      return result
    }
    default:
      return claim satisfies never
  }
}

/** A result that JSON holds but for its instants, which are named. */
export function keptAsJson<Result extends object>(...instants: readonly (keyof Result & string)[]): KeptResult<Result> {
  const isInstant: ReadonlySet<string> = new Set(instants)
  return {
    encode: (result) => JSON.stringify(result),
    decode: (text) =>
      JSON.parse(text, (name, value: unknown) =>
        isInstant.has(name) && typeof value === 'string' ? new Date(value) : value,
      ) as Result,
  }
}

/** How a credential that is no caller yet (an enrolment token) is named as principal. */
export function principalOfSecret(kind: string, secretHash: string): string {
  return `${kind}:${secretHash.slice(0, 32)}`
}

export function sha256Hex(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
