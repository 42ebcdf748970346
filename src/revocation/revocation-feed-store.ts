// What the feed reads of the database: events are written by the transaction that revokes, next to its change, and never altered.
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ChainHead, RevocationEvent } from '../domain/revocation-event.ts'

export interface RevocationFeedState {
  /** The number of the last change that is committed: every event up to it is there. */
  readonly seq: number
  /** Events up to this number may be gone. */
  readonly floor: number
  readonly heads: readonly ChainHead[]
}

export interface RevocationFeedStore {
  revocationFeedState(): Promise<RevocationFeedState>
  /** In the order of their numbers, at most `limit`. */
  revocationEventsAfter(seq: number, limit: number, issuer: IssuerId | 'all'): Promise<readonly RevocationEvent[]>
}
