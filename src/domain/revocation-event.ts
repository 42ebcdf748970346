// One entry of the public feed of revocations, and the hash chain that joins the entries of one issuer: whoever has one knows by the
// next whether something was left out between them, also in a view of that issuer alone. It signs nothing: checkpoints do.
import { createHash } from 'node:crypto'
import type { IssuerId } from './issuer-id.ts'
import type { RevocationReason } from './revocation-reason.ts'
import type { SerialNumber } from './serial-number.ts'

export type RevocationEventKind = 'revoked' | 'held' | 'released' | 'reason-changed'

/** What happened, without its place in the chain. */
export interface RevocationFact {
  /** The number of its change in the log: rising, not without gaps. */
  readonly seq: number
  readonly issuer: IssuerId
  readonly serial: SerialNumber
  readonly event: RevocationEventKind
  readonly reason: RevocationReason
  /** Since when it is revoked or held, which is what a CRL says; of a release, its own instant. */
  readonly date: Date
  /** The certificate's end. */
  readonly notAfter: Date
}

export interface RevocationEvent extends RevocationFact {
  /** The hash of the event before, of the same issuer; `CHAIN_START` for its first. Hexadecimal, as `hash`. */
  readonly previous: string
  readonly hash: string
}

/** The last event of an issuer. */
export interface ChainHead {
  readonly issuer: IssuerId
  readonly seq: number
  readonly hash: string
}

export const CHAIN_START = '0'.repeat(64)

/** Joins an event to the one before it: SHA-256 of a JSON array without white space, so that any language can say it again. */
export function linked(fact: RevocationFact, previous: string): RevocationEvent {
  const { seq, issuer, serial, event, reason, date, notAfter } = fact
  const text = JSON.stringify([
    previous,
    seq,
    issuer,
    serial,
    event,
    reason,
    date.toISOString(),
    notAfter.toISOString(),
  ])
  return { ...fact, previous, hash: createHash('sha256').update(text).digest('hex') }
}

/** One hash over the heads of all issuers, by the issuer's name: what a checkpoint calls `head`. */
export function headOfAll(heads: readonly ChainHead[]): string {
  const sorted = [...heads].sort((one, other) => (one.issuer < other.issuer ? -1 : 1))
  const text = JSON.stringify(sorted.map(({ issuer, seq, hash }) => [issuer, seq, hash]))
  return createHash('sha256').update(text).digest('hex')
}
