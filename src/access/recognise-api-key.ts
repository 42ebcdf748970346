// Whose key is this? Decided from memory alone, so that it works while the database does not. An unknown key, a wrong secret and
// a key that has ended are one refusal and the same work: nobody learns which prefixes exist.
import { timingSafeEqual } from 'node:crypto'
import { apiKeyHash } from '../domain/api-key.ts'
import type { Caller } from '../domain/caller.ts'
import type { DecisionTime } from './decision.ts'
import type { ApiKeyView, Snapshot } from './snapshot.ts'

export type ApiKeyCaller = Extract<Caller, { readonly kind: 'api-key' }>

export type ApiKeyRecognition =
  | { readonly kind: 'recognised'; readonly caller: ApiKeyCaller }
  | { readonly kind: 'refused' }
  /** Memory is too old to say. */
  | { readonly kind: 'stale' }

/** Hashed and compared with when there is no such key. Nothing hashes to it. */
const NO_KEY = { salt: '0'.repeat(32), hash: 'f'.repeat(64) } as const

/** `presented` is what stands after `ApiKey `: prefix, a dot, secret. */
export function recogniseApiKey(snapshot: Snapshot, presented: string, at: DecisionTime): ApiKeyRecognition {
  // Written so that a clock which is no number refuses.
  if (!(at.monotonic - snapshot.confirmedAtMilliseconds < snapshot.staleAfterMilliseconds)) return { kind: 'stale' }
  const [prefix, secret] = halvesOf(presented)
  const view = snapshot.apiKey(prefix)
  if (!isSecretOf(view, secret) || view === undefined || !isLive(snapshot, view, at)) return { kind: 'refused' }
  const { user, scopes, reach } = view
  return { kind: 'recognised', caller: { kind: 'api-key', user, prefix, scopes, reach, expiresAt: view.expiresAt } }
}

/** Whether it is the secret of that key. The same work where there is no key, and then never. */
export function isSecretOf(view: ApiKeyView | undefined, secret: string): boolean {
  const { salt, hash } = view ?? NO_KEY
  return timingSafeEqual(Buffer.from(apiKeyHash(secret, salt), 'hex'), Buffer.from(hash, 'hex'))
}

/** What tells keys apart and is no secret; the empty text where there is no dot. */
export function apiKeyPrefix(presented: string): string {
  return halvesOf(presented)[0]
}

function halvesOf(presented: string): readonly [prefix: string, secret: string] {
  const dot = presented.indexOf('.')
  return dot === -1 ? ['', presented] : [presented.slice(0, dot), presented.slice(dot + 1)]
}

function isLive(snapshot: Snapshot, { status, expiresAt, user }: ApiKeyView, { wall }: DecisionTime): boolean {
  return status === 'active' && wall < expiresAt && snapshot.user(user)?.status === 'active'
}
