// Keeps the policy of a sidecar in step with Signet: fetches a snapshot, then follows the feed; when it ends or is refused, it begins
// again, ever more slowly up to five seconds. While Signet is away the policy stays what it was, until its time is over.
import type { IncomingMessage } from 'node:http'
import { CodedError } from '../../domain/coded-error.ts'
import { SnapshotRejected } from '../../tokens/snapshot-rejected.ts'
import type { HeldPolicy } from './held-policy.ts'

/** How Signet is asked: mutual TLS, its server verified against the pinned roots. Rejects when there is no answer. */
export interface SignetLine {
  get(path: string, accept: string, signal: AbortSignal): Promise<IncomingMessage>
}

export interface FeedWatch {
  readonly followed: (what: 'snapshot' | 'checkpoint') => void
  readonly lost: (error: unknown) => void
}

export interface PolicyFeedParts {
  readonly line: SignetLine
  readonly policy: HeldPolicy
  readonly sidecar: string
  readonly watch: FeedWatch
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** Signet answered, and not with what was asked for. */
export class FeedRefused extends CodedError<'feed_refused' | 'feed_ended'> {}

const FIRST_PAUSE_MILLISECONDS = 100
const LONGEST_PAUSE_MILLISECONDS = 5000
/** Three checkpoints that did not come. */
const SILENCE_MILLISECONDS = 30_000
/** A platform with a hundred thousand members is under 32 MiB. */
const MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024

export class PolicyFeed {
  readonly #parts: PolicyFeedParts
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(parts: PolicyFeedParts) {
    this.#parts = parts
  }

  /** One snapshot. Throws `FeedRefused`, `SnapshotRejected`, and what the line rejects with. */
  async fetch(): Promise<void> {
    const { line, policy, sidecar, watch } = this.#parts
    const path = `/v1/sidecars/${encodeURIComponent(sidecar)}/snapshot`
    const answer = await line.get(path, 'application/json', this.#stop.signal)
    const body = await textOf(answer)
    this.#requireGood(answer)
    policy.takeSnapshot(memberOf(body, 'snapshot'))
    watch.followed('snapshot')
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE_MILLISECONDS
    while (!this.#isStopped()) {
      const before = this.#parts.policy.position
      try {
        if (before === undefined) await this.fetch()
        if ((await this.#follow()) === 'reload') await this.fetch()
        pause = FIRST_PAUSE_MILLISECONDS
      } catch (error) {
        if (this.#isStopped()) return
        this.#parts.watch.lost(error)
        await this.#recover(error)
        const heard = this.#parts.policy.position !== before
        pause = heard ? FIRST_PAUSE_MILLISECONDS : Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS)
      }
      await this.#parts.pause(pause * spread(), this.#stop.signal)
    }
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** A chain that does not fit is begun anew with a snapshot, right away if there is one. */
  async #recover(error: unknown): Promise<void> {
    if (!(error instanceof SnapshotRejected) || error.code !== 'checkpoint_gap') return
    try {
      await this.fetch()
    } catch (cause) {
      this.#parts.watch.lost(cause)
    }
  }

  /** Until the feed ends. `reload`: the border of what this sidecar sees has moved. */
  async #follow(): Promise<'reload' | 'ended'> {
    const { line, policy, sidecar, watch } = this.#parts
    const { position } = policy
    if (position === undefined) return 'reload'
    const { seq, head, scope } = position
    const path = `/v1/sidecars/${encodeURIComponent(sidecar)}/changes?after=${String(seq)}&head=${head}&scope=${scope}`
    const answer = await line.get(path, 'text/event-stream', this.#stop.signal)
    this.#requireGood(answer)
    // Silence is told from quiet: Signet speaks every ten seconds.
    answer.socket.setTimeout(SILENCE_MILLISECONDS, () =>
      answer.destroy(new FeedRefused('feed_ended', { why: 'silence' })),
    )
    for await (const { event, data } of eventsOf(answer)) {
      if (event === 'reload') return 'reload'
      policy.takeCheckpoint(data)
      watch.followed('checkpoint')
    }
    throw new FeedRefused('feed_ended')
  }

  /** Whoever is told that it is no sidecar any more decides nothing from then on. */
  #requireGood(answer: IncomingMessage): void {
    const { statusCode: status = 0 } = answer
    if (status === 200) return
    answer.resume()
    // 401: its certificate was revoked, or has run out. With a new one in the file it is heard again.
    if (status === 401 || status === 403 || status === 404) this.#parts.policy.end()
    throw new FeedRefused('feed_refused', { status })
  }
}

/** Between half and all of it: sidecars that lost Signet together must not come back together. */
function spread(): number {
  return 0.5 + Math.random() / 2
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_SNAPSHOT_BYTES) throw new FeedRefused('feed_refused', { maxBytes: MAX_SNAPSHOT_BYTES })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function memberOf(text: string, name: string): string {
  const parsed: unknown = JSON.parse(text)
  const members = new Map<string, unknown>(typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [])
  const value = members.get(name)
  if (typeof value !== 'string') throw new FeedRefused('feed_refused', { missing: name })
  return value
}

interface FeedEvent {
  readonly event: string
  readonly data: string
}

/** WHATWG HTML §9.2.6, as much of it as our own server writes: each event has one line of data. */
async function* eventsOf(answer: IncomingMessage): AsyncGenerator<FeedEvent> {
  let text = ''
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1')
    if (text.length > MAX_SNAPSHOT_BYTES) throw new FeedRefused('feed_refused', { maxBytes: MAX_SNAPSHOT_BYTES })
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      yield eventIn(text.slice(0, end))
      text = text.slice(end + 2)
    }
  }
}

function eventIn(block: string): FeedEvent {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    }),
  )
  return { event: fields.get('event') ?? '', data: fields.get('data') ?? '' }
}
