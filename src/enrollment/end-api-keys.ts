// The end of API keys, in the transaction of the act that ends them: no process answers to one afterwards.
import type { RequestOrigin } from './act-context.ts'
import type { ApiKeyRecord, EndedKeys } from './api-key-store.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface KeysEndedBy {
  readonly at: Date
  readonly actor: string
  readonly origin: RequestOrigin
}

export async function endApiKeys(
  tx: UnitOfWork,
  which: EndedKeys,
  { at, actor, origin }: KeysEndedBy,
): Promise<readonly ApiKeyRecord[]> {
  const ended = await tx.endApiKeys(which, at)
  for (const record of ended) {
    await tx.change(apiKeyChange(record, 'ended'))
    await tx.audit({
      at,
      actor,
      act: 'api-key.delete',
      object: `api-key:${record.prefix}`,
      requestId: origin.requestId,
      details: { user: record.user, name: record.name },
    })
  }
  return ended
}

export function apiKeyChange(record: ApiKeyRecord, status: 'active' | 'ended') {
  const { prefix, user, salt, hash, scopes, reach, deployments } = record
  const [kind, expiresAt] = ['api-key' as const, record.expiresAt.getTime()]
  return { kind, prefix, user, salt, hash, scopes, reach, deployments, expiresAt, status }
}
