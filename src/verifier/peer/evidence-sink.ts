// What a source hands over: nothing of it is believed before it is verified.
import type { IssuerId } from '../../domain/issuer-id.ts'
import type { GivenAuthority } from './peer-authorities.ts'
import type { Tiding } from './revocation-lists.ts'
import type { TakenCrl } from './verifier.ts'

export interface EvidenceSink {
  /** All CAs below the roots: those that are left out are believed no more. Throws for one that does not hold. */
  takeAuthorities(given: readonly GivenAuthority[]): void
  takeCrl(der: Uint8Array): TakenCrl
  tell(issuer: IssuerId, serialHex: string, tiding: Tiding): void
  forgetReleases(): void
  numberOf(issuer: IssuerId): bigint | undefined
  /** Something could not be had now, and is tried again; `settled`: all could be had. */
  failed(error: unknown): void
  settled(): void
}
