// The newest part of the public feed of revocations in memory, in one order for everybody who follows: events as the change log
// brings them, and between them checkpoints and word of new CRLs. What is older is read from the database (http/revocation-follower.ts).
//
// A checkpoint stands exactly after the events that it vouches for: those that come while it is being signed wait behind it.
import type { NumberedChange } from '../domain/change.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ChainHead } from '../domain/revocation-event.ts'
import { Waiting } from '../domain/waiting.ts'
import {
  type CheckpointEntry,
  checkpointEntry,
  crlEntry,
  eventEntry,
  type FeedEntry,
  PULSE_TEXT,
} from './feed-entry.ts'

/** About 15 MB when it is full. */
const CAPACITY = 10_000

export interface FeedPosition {
  readonly seq: number
  readonly heads: readonly ChainHead[]
}

export class RevocationFeed {
  readonly #capacity: number
  #epoch = ''
  #entries: FeedEntry[] = []
  /** Ordinal of the first of `#entries`: it rises for ever, also where numbers do not. */
  #first = 0
  /** Every event after this number, up to `#position`, is in `#entries`. */
  #start = 0
  #position = 0
  readonly #heads = new Map<IssuerId, ChainHead>()
  /** Changes that came while a checkpoint is being signed. */
  #held: NumberedChange[] | undefined
  #loads = 0
  #latestCheckpoint: CheckpointEntry | undefined
  readonly #waiting = new Waiting()

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity
  }

  get epoch(): string {
    return this.#epoch
  }

  /** The number of the last change that has been looked at. */
  get position(): number {
    return this.#position
  }

  get heads(): readonly ChainHead[] {
    return [...this.#heads.values()]
  }

  /** Begins anew where the database is. */
  load({ seq, heads }: FeedPosition, epoch: string): void {
    this.#loads += 1
    this.#latestCheckpoint = undefined
    this.#epoch = epoch
    this.#first += this.#entries.length
    this.#entries = []
    this.#start = seq
    this.#position = seq
    if (this.#held !== undefined) this.#held = []
    this.#heads.clear()
    for (const head of heads) this.#heads.set(head.issuer, head)
    this.#waiting.wake()
  }

  /** Committed changes of every kind, in their order; those it has are skipped. */
  add(changes: readonly NumberedChange[]): void {
    if (this.#held !== undefined) {
      this.#held.push(...changes)
      return
    }
    const before = this.#entries.length
    for (const { seq, event } of changes) {
      if (seq <= this.#position) continue
      this.#position = seq
      if (event === undefined) continue
      this.#heads.set(event.issuer, { issuer: event.issuer, seq, hash: event.hash })
      this.#entries.push(eventEntry(event, this.#epoch))
    }
    if (this.#entries.length > before) this.#trimmed()
  }

  /** A CRL is in force. */
  published(crl: { readonly issuer: IssuerId; readonly number: number }): void {
    this.#entries.push(crlEntry(crl, this.#position))
    this.#trimmed()
  }

  pulse(): void {
    this.#entries.push({ kind: 'pulse', seq: this.#position, text: PULSE_TEXT })
    this.#trimmed()
  }

  /** Called by one at a time. Rejects with what `sign` rejects with; the events that waited go on all the same. */
  async checkpoint(sign: (at: FeedPosition) => Promise<string>): Promise<void> {
    const at = { seq: this.#position, heads: this.heads }
    const loads = this.#loads
    this.#held = []
    try {
      const jws = await sign(at)
      if (loads !== this.#loads) return
      const entry = checkpointEntry(jws, at.seq, this.#epoch)
      this.#latestCheckpoint = entry
      this.#entries.push(entry)
    } finally {
      const held = this.#held
      this.#held = undefined
      this.add(held)
      this.#trimmed()
    }
  }

  /** Where to go on after this number; undefined when what follows it is not all here. */
  ordinalAfter(seq: number): number | undefined {
    if (seq < this.#start) return undefined
    let [low, high] = [0, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#entries[middle]?.seq ?? 0) > seq) high = middle
      else low = middle + 1
    }
    return this.#first + low
  }

  /** At most `limit`; undefined when some of it has gone from here. */
  from(ordinal: number, limit: number): readonly FeedEntry[] | undefined {
    if (ordinal < this.#first) return undefined
    return this.#entries.slice(ordinal - this.#first, ordinal - this.#first + limit)
  }

  /** Whether no event stands after `seq` up to `until`. */
  isQuietBetween(seq: number, until: number): boolean {
    const ordinal = this.ordinalAfter(seq)
    if (ordinal === undefined) return false
    const next = this.#entries.slice(ordinal - this.#first).find(({ kind }) => kind === 'event')
    return next === undefined || next.seq > until
  }

  /** Undefined before the first one. */
  get latestCheckpoint(): CheckpointEntry | undefined {
    return this.#latestCheckpoint
  }

  /** Resolves with the next entry, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return this.#waiting.next(signal)
  }

  /** In halves, so that not each entry moves all of them. */
  #trimmed(): void {
    const excess = this.#entries.length - this.#capacity
    if (excess > this.#capacity) {
      this.#start = Math.max(this.#start, this.#entries[excess - 1]?.seq ?? 0)
      this.#entries = this.#entries.slice(excess)
      this.#first += excess
    }
    this.#waiting.wake()
  }
}
