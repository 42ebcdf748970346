// API keys in the Authorization header: exactly `ApiKey `, one space, the key. What clients of Hopsworks send; anything that looks
// nearly so is refused as a malformed header. One answer for an unknown and for a wrong key, and the same work before it.
import { type ApiKeyCaller, apiKeyPrefix, recogniseApiKey } from '../access/recognise-api-key.ts'
import { callerOf, nowOf } from './authenticate.ts'
import { clientAddressOf } from './client-address.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'
import type { ApiContext } from './route.ts'

const SCHEME = 'ApiKey '

export function presentsApiKey(context: ApiContext): boolean {
  return context.req.header('authorization')?.startsWith(SCHEME) ?? false
}

/** The caller by its key. A certificate that is shown beside it must hold, and be the user's own. Throws `HttpRefused`. */
export async function apiKeyCallerOf(parts: ApiParts, context: ApiContext): Promise<ApiKeyCaller> {
  const presented = (context.req.header('authorization') ?? '').slice(SCHEME.length)
  const attempt = {
    kind: 'api-key',
    credential: apiKeyPrefix(presented),
    address: clientAddressOf(context.get('socket')),
  } as const
  const caller = await parts.credentialLimit.run(attempt, () => recognised(parts, presented))
  const certified = await callerOf(parts, context.get('socket'))
  if (certified.kind === 'anonymous') return caller
  const isTheirs = (certified.kind === 'member' || certified.kind === 'admin') && certified.user === caller.user
  if (!isTheirs) throw new HttpRefused('credential_conflict')
  return caller
}

async function recognised(parts: ApiParts, presented: string): Promise<ApiKeyCaller> {
  let recognition = recogniseApiKey(parts.snapshot, presented, nowOf(parts))
  if (recognition.kind === 'refused') {
    // Another process may have made it a moment ago. A wrong secret waits as long as an unknown prefix does.
    await parts.refresh()
    recognition = recogniseApiKey(parts.snapshot, presented, nowOf(parts))
  }
  switch (recognition.kind) {
    case 'recognised':
      return recognition.caller
    case 'refused':
      throw new HttpRefused('api_key_invalid')
    case 'stale':
      throw new HttpRefused('temporarily_unavailable', { reason: 'SNAPSHOT_STALE' }, { 'retry-after': '1' })
    default:
      return recognition satisfies never
  }
}
