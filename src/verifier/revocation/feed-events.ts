// What a feed said of certificates since the CRLs that are held: it can only add revocations. A release takes back what the
// feed itself had said; what a CRL lists stays revoked until a newer one leaves it out. So nothing that comes by the feed
// makes a certificate good that the signed lists call revoked.
import type { RevocationReason } from '../../domain/revocation-reason.ts'
import type { RevokedEntries } from '../../x509/revoked-entries.ts'
import type { RevokedStatus } from './revocation-status.ts'

export interface FeedEvent {
  /** Rising. One that is not higher than the last of its issuer was seen before. */
  readonly seq: number
  /** Content octets of the serial in lower-case hexadecimal. */
  readonly serialHex: string
  readonly event: 'revoked' | 'held' | 'reason-changed' | 'released'
  readonly reason: RevocationReason
  readonly date: Date
}

/** Most certificates of one issuer that are remembered until a CRL lists them: about 100 bytes each. */
export const MAX_FEED_EVENTS = 1_000_000

export type EventOutcome = 'applied' | 'seen' | 'full'

export class FeedEvents {
  readonly #capacity: number
  readonly #revoked = new Map<string, RevokedStatus>()
  #lastSeq = -1
  #lost = false

  constructor(capacity: number = MAX_FEED_EVENTS) {
    this.#capacity = capacity
  }

  /** An event was lost for want of room: then nothing of this issuer is good until its CRLs say what was lost. */
  get incomplete(): boolean {
    return this.#lost
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  get size(): number {
    return this.#revoked.size
  }

  apply({ seq, serialHex, event, reason, date }: FeedEvent): EventOutcome {
    if (seq <= this.#lastSeq) return 'seen'
    this.#lastSeq = seq
    if (event === 'released') this.#revoked.delete(serialHex)
    else if (this.#revoked.size < this.#capacity || this.#revoked.has(serialHex)) {
      this.#revoked.set(serialHex, { kind: 'revoked', at: date, reason: reason === 'unspecified' ? undefined : reason })
    } else {
      this.#lost = true
      return 'full'
    }
    return 'applied'
  }

  find(serialHex: string): RevokedStatus | undefined {
    return this.#revoked.get(serialHex)
  }

  /** What a complete CRL lists need not be remembered any more. */
  leaveTo(entries: RevokedEntries): void {
    for (const [serialHex, { at }] of this.#revoked)
      if (isListedSince(entries, serialHex, at)) this.#revoked.delete(serialHex)
  }

  /** Another epoch, or a gap that new CRLs have closed: it begins anew after `seq`. */
  restart(seq: number): void {
    this.#revoked.clear()
    this.#lastSeq = seq
    this.#lost = false
  }
}

/**
 * Whether a list says what the feed said, to the second. It may be older, and list a hold that was released before the
 * certificate was revoked for good: the list between the two would then make it good again.
 */
export function isListedSince(entries: RevokedEntries, serialHex: string, at: Date): boolean {
  const entry = entries.get(serialHex)
  return entry !== undefined && entry.date.getTime() >= Math.floor(at.getTime() / 1000) * 1000
}
