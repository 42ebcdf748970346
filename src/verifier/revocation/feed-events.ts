// What a feed said of certificates since the CRLs that are held: it can only add revocations. A release takes back what the
// feed itself had said; what a CRL lists stays revoked until a newer one leaves it out. So nothing that comes by the feed
// makes a certificate good that the signed lists call revoked.
//
// Where the feed begins anew, what nobody had vouched for is forgotten. What a signed checkpoint stood behind is not: that the
// new beginning covers it is said by nobody who signs, so it stays until a list does.
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

/** Most certificates of one issuer that are remembered until a CRL lists them: about 150 bytes each. */
export const MAX_FEED_EVENTS = 1_000_000

/** Processes of one service date by clocks of their own, which differ by less. */
const CLOCKS_DIFFER_MILLISECONDS = 60_000

export type EventOutcome = 'applied' | 'seen' | 'full'

interface Told {
  readonly seq: number
  readonly status: RevokedStatus
}

/** What could not be remembered for want of room. */
interface Lost {
  readonly last: Date
  readonly standing: 'vouched' | 'unvouched'
}

export class FeedEvents {
  readonly #capacity: number
  readonly #revoked = new Map<string, Told>()
  /** Of those, what no signed checkpoint stands behind yet. */
  readonly #unvouched = new Set<string>()
  /** Of those, what was said before the present beginning. */
  readonly #outlasted = new Set<string>()
  #lastSeq = -1
  #lost: Lost | undefined

  constructor(capacity: number = MAX_FEED_EVENTS) {
    this.#capacity = capacity
  }

  /** An event was lost for want of room: then nothing of this issuer is good until its CRLs say what was lost. */
  get incomplete(): boolean {
    return this.#lost !== undefined
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  get size(): number {
    return this.#revoked.size
  }

  /** Releases may come later than what was said after them: each takes back what was said before it. */
  apply(event: FeedEvent): EventOutcome {
    if (event.event === 'released') return this.#release(event)
    if (event.seq <= this.#lastSeq) return 'seen'
    this.#lastSeq = event.seq
    if (this.#revoked.size < this.#capacity || this.#revoked.has(event.serialHex)) {
      this.#revoke(event)
      return 'applied'
    }
    this.#lost = { last: later(this.#lost?.last, event.date), standing: 'unvouched' }
    return 'full'
  }

  #revoke({ seq, serialHex, reason, date }: FeedEvent): void {
    if (!this.#revoked.has(serialHex)) this.#unvouched.add(serialHex)
    this.#outlasted.delete(serialHex)
    const status = { kind: 'revoked', at: date, reason: reason === 'unspecified' ? undefined : reason } as const
    this.#revoked.set(serialHex, { seq, status })
  }

  #release({ seq, serialHex }: FeedEvent): EventOutcome {
    const told = this.#revoked.get(serialHex)
    if (told !== undefined && told.seq < seq) this.#forget(serialHex)
    const outcome = seq > this.#lastSeq || told !== undefined ? 'applied' : 'seen'
    this.#lastSeq = Math.max(this.#lastSeq, seq)
    return outcome
  }

  #forget(serialHex: string): void {
    this.#revoked.delete(serialHex)
    this.#unvouched.delete(serialHex)
    this.#outlasted.delete(serialHex)
  }

  find(serialHex: string): RevokedStatus | undefined {
    return this.#revoked.get(serialHex)?.status
  }

  /** A signed checkpoint stands behind everything so far. */
  vouch(): void {
    this.#unvouched.clear()
    if (this.#lost !== undefined) this.#lost = { ...this.#lost, standing: 'vouched' }
  }

  /** What a complete CRL says need not be remembered any more. */
  leaveTo({ entries, thisUpdate }: CompleteList): void {
    for (const [serialHex, { status }] of this.#revoked) {
      const isSaid =
        isListedSince(entries, serialHex, status.at) ||
        (this.#outlasted.has(serialHex) && isMadeAfter(thisUpdate, status.at))
      if (isSaid) this.#forget(serialHex)
    }
    if (this.#lost !== undefined && isMadeAfter(thisUpdate, this.#lost.last)) this.#lost = undefined
  }

  /** A delta says only what it lists, but says it as the complete CRL will. */
  leaveToDelta(entries: RevokedEntries): void {
    for (const [serialHex, { status }] of this.#revoked)
      if (isListedSince(entries, serialHex, status.at)) this.#forget(serialHex)
  }

  /** Another epoch, or a gap that new CRLs are said to have closed: it begins anew after `seq`. */
  restart(seq: number): void {
    for (const serialHex of this.#unvouched) this.#forget(serialHex)
    for (const [serialHex, { status }] of this.#revoked) {
      this.#outlasted.add(serialHex)
      // Of another epoch perhaps: whatever is said from now on came later.
      this.#revoked.set(serialHex, { seq: -1, status })
    }
    this.#lastSeq = seq
    if (this.#lost?.standing === 'unvouched') this.#lost = undefined
  }
}

interface CompleteList {
  readonly entries: RevokedEntries
  readonly thisUpdate: Date
}

/** Such a list knows of what happened then, and has left it out if it does not list it. */
function isMadeAfter(thisUpdate: Date, at: Date): boolean {
  return thisUpdate.getTime() >= at.getTime() + CLOCKS_DIFFER_MILLISECONDS
}

function later(one: Date | undefined, other: Date): Date {
  return one !== undefined && one > other ? one : other
}

/**
 * Whether a list says what the feed said, to the second. It may be older, and list a hold that was released before the
 * certificate was revoked for good: the list between the two would then make it good again.
 */
function isListedSince(entries: RevokedEntries, serialHex: string, at: Date): boolean {
  const entry = entries.get(serialHex)
  return entry !== undefined && entry.date.getTime() >= Math.floor(at.getTime() / 1000) * 1000
}
