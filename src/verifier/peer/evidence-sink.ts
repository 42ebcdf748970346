// What a source hands over: nothing of it is believed before it is verified.
import type { IssuerId } from '../../domain/issuer-id.ts'
import type { FeedEvent } from '../revocation/feed-events.ts'
import type { GivenAuthority } from './peer-authorities.ts'
import type { TakenCrl } from './revocation-lists.ts'

export interface EvidenceSink {
  /** All CAs below the roots: those that are left out are believed no more. Throws for one that does not hold. */
  takeAuthorities(given: readonly GivenAuthority[]): void
  takeCrl(der: Uint8Array): TakenCrl
  tell(issuer: IssuerId, event: FeedEvent): void
  /** A signed checkpoint stands behind everything that was told so far. */
  vouchForFeed(): void
  /** The feed begins anew after `seq`: everything before it stands in the CRLs that are held. */
  restartFeed(seq: number): void
  knows(issuer: IssuerId): boolean
  numberOf(issuer: IssuerId): bigint | undefined
  /** Something could not be had now, and is tried again; `settled`: all could be had. */
  failed(error: unknown): void
  settled(): void
}
