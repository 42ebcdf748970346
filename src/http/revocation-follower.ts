// One who follows the feed of revocations: first what the database keeps, then what memory has, each event once and in order. It
// waits, and decides nothing about how an answer looks.
import type { IssuerId } from '../domain/issuer-id.ts'
import { eventEntry, type FeedEntry } from '../revocation/feed-entry.ts'
import type { RevocationFeed } from '../revocation/revocation-feed.ts'
import type { FewAtOnce } from './few-at-once.ts'
import type { Reader } from './parts.ts'

/** About 60 KB. */
const ENTRIES_AT_ONCE = 100
/** Events that are read for one follower at once. */
const PAGE = 500

export interface FollowerParts {
  readonly feed: RevocationFeed
  readonly reader: Reader
  /** Reads of the database by all who follow. */
  readonly reads: FewAtOnce
}

/** `behind`: events after its position are gone; a whole state is to be fetched. */
export type Step = { readonly kind: 'entries'; readonly entries: readonly FeedEntry[] } | { readonly kind: 'behind' }

export class RevocationFollower {
  readonly #parts: FollowerParts
  readonly #issuer: IssuerId | 'all'
  #seq: number
  #ordinal: number | undefined

  constructor(parts: FollowerParts, after: number, issuer: IssuerId | 'all') {
    this.#parts = parts
    this.#issuer = issuer
    this.#seq = after
    this.#ordinal = parts.feed.ordinalAfter(after)
  }

  /** Everything up to this number has been given. */
  get seq(): number {
    return this.#seq
  }

  /** Goes on from there, as after a reset. */
  moveTo(seq: number): void {
    this.#seq = seq
    this.#ordinal = this.#parts.feed.ordinalAfter(seq)
  }

  /** What there is right now; nothing at all when it is up to date. */
  async now(): Promise<Step> {
    if (this.#ordinal === undefined) return this.#fromDatabase()
    const { feed } = this.#parts
    const entries = feed.from(this.#ordinal, ENTRIES_AT_ONCE)
    if (entries === undefined) {
      this.#ordinal = feed.ordinalAfter(this.#seq)
      return this.now()
    }
    this.#ordinal += entries.length
    const fresh = entries.filter((entry) => this.#isFresh(entry))
    // At the end of what there is, what concerns others counts as given too.
    this.#seq = Math.max(this.#seq, entries.length < ENTRIES_AT_ONCE ? feed.position : (entries.at(-1)?.seq ?? 0))
    return { kind: 'entries', entries: fresh.filter((entry) => this.#concerns(entry)) }
  }

  /** As `now`, and waits for something when there is nothing. */
  async next(signal: AbortSignal): Promise<Step> {
    for (;;) {
      const step = await this.now()
      if (step.kind === 'behind' || step.entries.length > 0 || signal.aborted) return step
      if (this.#ordinal !== undefined && this.#isAtEnd(this.#ordinal)) await this.#parts.feed.next(signal)
    }
  }

  #isAtEnd(ordinal: number): boolean {
    return this.#parts.feed.from(ordinal, 1)?.length === 0
  }

  /** What was read from the database may come once more from memory. */
  #isFresh({ kind, seq }: FeedEntry): boolean {
    return kind === 'event' ? seq > this.#seq : seq >= this.#seq
  }

  #concerns(entry: FeedEntry): boolean {
    return !('issuer' in entry) || this.#issuer === 'all' || entry.issuer === this.#issuer
  }

  async #fromDatabase(): Promise<Step> {
    const { feed, reader, reads } = this.#parts
    const position = feed.position
    const { floor, events } = await reads.run(() =>
      reader.read(async (view) => ({
        floor: (await view.revocationFeedState()).floor,
        events: await view.revocationEventsAfter(this.#seq, PAGE, this.#issuer),
      })),
    )
    if (this.#seq < floor) return { kind: 'behind' }
    const last = events.at(-1)?.seq ?? this.#seq
    this.#seq = events.length === PAGE ? last : Math.max(last, position)
    this.#ordinal = feed.ordinalAfter(this.#seq)
    return { kind: 'entries', entries: events.map((event) => eventEntry(event, feed.epoch)) }
  }
}
