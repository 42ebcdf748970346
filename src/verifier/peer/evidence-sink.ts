// What a source hands over: nothing of it is believed before it is verified.
import type { IssuerId } from '../../domain/issuer-id.ts'
import type { FeedEvent } from '../revocation/feed-events.ts'
import type { HeldNumbers } from './held-crl.ts'
import type { GivenAuthority, RefusedAuthority } from './peer-authorities.ts'
import type { TakenCrl } from './revocation-lists.ts'

export interface EvidenceSink {
  /** All CAs below the roots: those that are left out are believed no more. Gives those that do not hold. */
  takeAuthorities(given: readonly GivenAuthority[]): readonly RefusedAuthority[]
  takeCrl(der: Uint8Array): TakenCrl
  tell(issuer: IssuerId, event: FeedEvent): void
  /** A signed checkpoint stands behind everything that was told so far. */
  vouchForFeed(): void
  /** The feed begins anew after `seq`: everything before it stands in the CRLs that are held. */
  restartFeed(seq: number): void
  knows(issuer: IssuerId): boolean
  /** Undefined: no complete CRL is held. */
  numbersOf(issuer: IssuerId): HeldNumbers | undefined
  /** Whether the feed may be relied on for it, since its own certificate says what it is called. */
  isNamed(issuer: IssuerId): boolean
  /** Something could not be had now, and is tried again; `settled`: all could be had. */
  failed(error: unknown): void
  settled(): void
}
