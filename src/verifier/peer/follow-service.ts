// Keeps up with a Signet service: loads everything once, then follows its feed of revocations, and asks for CRLs again and again all the
// while. When the feed breaks off, or is found to have a gap, CRLs say everything until it is heard anew.
import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceLine } from './ask-service.ts'
import type { EvidenceSink } from './evidence-sink.ts'
import { readCheckpoint } from './feed-checkpoint.ts'
import { FeedGap, type FeedReset, HeardFeed, parseReset } from './heard-feed.ts'
import type { CheckRevocation } from '../path/revocation-check.ts'
import { repeat, type Repeating } from './repeating.ts'
import { serverSentEvents } from './server-sent-events.ts'
import { ServiceSource } from './service-source.ts'

export interface FollowServiceParts {
  readonly line: ServiceLine
  readonly sink: EvidenceSink
  readonly now: () => Date
  readonly pollSeconds: number
  /** DER. */
  readonly roots: readonly Uint8Array[]
  /** Of those who sign checkpoints, by what is held now. */
  readonly checkRevocation: CheckRevocation
}

/** Three checkpoints that did not come: silence is told from quiet, and a service that knows too little to sign one is not heard. */
const SILENCE_MILLISECONDS = 30_000
const FIRST_PAUSE_MILLISECONDS = 100
const LONGEST_PAUSE_MILLISECONDS = 5000
/** How often CRLs that the feed says are there are asked for. */
const RESET_ATTEMPTS = 20
const RESET_PAUSE_MILLISECONDS = 250

/** Throws `EvidenceUnreadable` when the first load fails. */
export async function followService(parts: FollowServiceParts): Promise<FollowedService> {
  const followed = new FollowedService(parts)
  await followed.load()
  followed.start()
  return followed
}

export class FollowedService implements Repeating {
  readonly #parts: FollowServiceParts
  readonly #source: ServiceSource
  readonly #feed: HeardFeed
  readonly #ending = new AbortController()
  #polling: Repeating | undefined
  #following: Promise<void> | undefined
  /** By the wall clock, when the last checkpoint came on this connection. */
  #checkpointAt: number | undefined
  #refreshing: Promise<void> | undefined

  constructor(parts: FollowServiceParts) {
    this.#parts = parts
    this.#source = new ServiceSource(parts.line, parts.sink, parts.now)
    this.#feed = new HeardFeed(parts.sink)
  }

  get news(): 'heard' | 'polling' {
    return this.#isHeard ? 'heard' : 'polling'
  }

  /** A clock that was set back says no. */
  get #isHeard(): boolean {
    const age = this.#parts.now().getTime() - (this.#checkpointAt ?? -Infinity)
    return age >= 0 && age < SILENCE_MILLISECONDS
  }

  async load(): Promise<void> {
    try {
      await this.#source.refresh('all', this.#ending.signal)
    } catch (error) {
      this.#parts.line.close()
      throw error
    }
  }

  start(): void {
    this.#polling = repeat(this.#parts.pollSeconds * 1000, () => this.#refresh())
    this.#following = this.#follow()
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#polling?.stop()
    await this.#following
    await this.#refreshing
    this.#parts.line.close()
  }

  /** One at a time: whoever asks meanwhile waits for the one that goes on. */
  async #refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = undefined
    })
    await this.#refreshing
  }

  async #refreshOnce(): Promise<void> {
    const { sink } = this.#parts
    try {
      await this.#source.refresh(this.#isHeard ? 'due' : 'all', this.#ending.signal)
      if (this.#isHeard) sink.settled()
    } catch (error) {
      this.#failed(error)
    }
  }

  async #follow(): Promise<void> {
    let wait = FIRST_PAUSE_MILLISECONDS
    while (!this.#ending.signal.aborted) {
      const wasHeard = await this.#followOnce()
      wait = wasHeard ? FIRST_PAUSE_MILLISECONDS : Math.min(2 * wait, LONGEST_PAUSE_MILLISECONDS)
      await this.#pause(wait)
    }
  }

  /** Until the connection ends, or what comes does not fit. Whether the feed was heard on it. */
  async #followOnce(): Promise<boolean> {
    try {
      await this.#listen()
    } catch (error) {
      this.#failed(error)
    }
    const wasHeard = this.#isHeard
    this.#checkpointAt = undefined
    return wasHeard
  }

  async #listen(): Promise<void> {
    const { line } = this.#parts
    const { place } = this.#feed
    const after = place === undefined ? '' : `?after=${String(place.seq)}&epoch=${encodeURIComponent(place.epoch)}`
    const { signal } = this.#ending
    const answer = await line.open(`/v1/revocations${after}`, 'text/event-stream', signal, SILENCE_MILLISECONDS)
    try {
      for await (const { event, data } of serverSentEvents(answer)) await this.#takeOrForget(event, data)
    } finally {
      answer.destroy()
    }
  }

  /** After what does not fit, it begins anew. */
  async #takeOrForget(event: string, data: string): Promise<void> {
    try {
      await this.#take(event, data)
    } catch (error) {
      this.#feed.forget()
      throw error
    }
  }

  async #take(event: string, data: string): Promise<void> {
    if (event === 'reset') await this.#reset(parseReset(data))
    else if (event === 'revocation') this.#takeEvent(data)
    else if (event === 'checkpoint') this.#takeCheckpoint(data)
    // A CRL may be fetched: a small one is, at once.
    else if (event === 'crl') void this.#refresh()
  }

  #takeEvent(data: string): void {
    // What is taken back stands in a CRL alone, so that one is due however large it is.
    if (this.#feed.takeEvent(data) === 'released') this.#source.allDue()
  }

  #takeCheckpoint(data: string): void {
    const { roots, now, checkRevocation } = this.#parts
    const at = now()
    const checkpoint = readCheckpoint(data, { roots, at, checkRevocation })
    if (checkpoint === undefined) throw new FeedGap('a checkpoint that nobody signed')
    this.#feed.takeCheckpoint(checkpoint, at)
    this.#checkpointAt = at.getTime()
    this.#parts.sink.settled()
  }

  async #reset(reset: FeedReset): Promise<void> {
    this.#checkpointAt = undefined
    for (let attempt = 0; attempt < RESET_ATTEMPTS; attempt++) {
      await this.#source.refresh('all', this.#ending.signal)
      if (this.#holds(reset)) {
        this.#feed.begin(reset)
        return
      }
      await this.#pause(RESET_PAUSE_MILLISECONDS)
    }
    throw new FeedGap('the CRLs that the feed stands on are not to be had')
  }

  #holds({ crls }: FeedReset): boolean {
    const { sink } = this.#parts
    return [...crls].every(
      ([issuer, number]) => !sink.knows(issuer) || (sink.numbersOf(issuer)?.newest ?? -1n) >= number,
    )
  }

  #failed(error: unknown): void {
    if (!this.#ending.signal.aborted) this.#parts.sink.failed(error)
  }

  /** Between half and all of it: who lost the service together must not come back together. */
  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#ending
    try {
      await pause(milliseconds * (0.5 + Math.random() / 2), undefined, { signal, ref: false })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
