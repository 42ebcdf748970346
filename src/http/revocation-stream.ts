// The feed of revocations as server-sent events: pulled by the reader, so that nothing piles up for one who is slow; and one who takes
// nothing at all is cut off.
import type { IssuerId } from '../domain/issuer-id.ts'
import { serverSent } from '../revocation/feed-entry.ts'
import type { ApiParts } from './parts.ts'
import type { RevocationFollower, Step } from './revocation-follower.ts'
import { currentCrls, type Reset, startAnew } from './revocation-reset.ts'
import type { ApiContext } from './route.ts'

/** What one gets who has just come is no older; and no more are signed than one in this time. */
export const CHECKPOINT_MILLISECONDS = 100
/** A reader that takes nothing for so long is cut off. */
export const SLOW_READER_MILLISECONDS = 30_000

export interface StreamStart {
  readonly follower: RevocationFollower
  readonly issuer: IssuerId | 'all'
  readonly reset: Reset | undefined
  /** Called once or more when it is over. */
  readonly leave: () => void
}

export function eventStream(parts: ApiParts, c: ApiContext, start: StreamStart): Response {
  const stream = new RevocationStream(parts, start, () => c.get('socket').destroy())
  const body = new ReadableStream<Uint8Array>(
    {
      // Called when the last chunk has been taken.
      pull: async (controller) => {
        const text = await stream.next()
        if (text === undefined) controller.close()
        else controller.enqueue(text)
      },
      cancel: () => stream.end(),
    },
    { highWaterMark: 0 },
  )
  void parts.revocations.checkpoints.ensure(CHECKPOINT_MILLISECONDS)
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}

class RevocationStream {
  readonly #parts: ApiParts
  readonly #start: StreamStart
  readonly #cut: () => void
  readonly #over = new AbortController()
  readonly #ending: AbortSignal
  #greeting: Uint8Array | undefined
  #slow: NodeJS.Timeout | undefined

  constructor(parts: ApiParts, start: StreamStart, cut: () => void) {
    this.#parts = parts
    this.#start = start
    this.#cut = cut
    this.#ending = AbortSignal.any([this.#over.signal, parts.revocations.open.ending])
    this.#greeting = greetingOf(parts, start)
  }

  /** Undefined: it is over. */
  async next(): Promise<Uint8Array | undefined> {
    clearTimeout(this.#slow)
    const text = await this.#text()
    if (text === undefined) this.end()
    else this.#watch()
    return text
  }

  end(): void {
    clearTimeout(this.#slow)
    this.#over.abort()
    this.#start.leave()
  }

  async #text(): Promise<Uint8Array | undefined> {
    const greeting = this.#greeting
    this.#greeting = undefined
    if (greeting !== undefined) return greeting
    try {
      const { follower } = this.#start
      const step = await follower.next(this.#ending)
      if (this.#ending.aborted) return undefined
      return step.kind === 'behind' ? resetText(startAnew(this.#parts, follower)) : textOf(step)
    } catch {
      // This process knows too little: the consumer comes again, and is told so.
      return undefined
    }
  }

  #watch(): void {
    this.#slow = setTimeout(() => {
      this.#parts.observer.feed('cut')
      this.end()
      this.#cut()
    }, SLOW_READER_MILLISECONDS)
    this.#slow.unref()
  }
}

/** How soon to come again, where to begin if that is asked, which CRLs there are, and the last checkpoint where it is about this place. */
function greetingOf({ revocations, crls }: ApiParts, { follower, issuer, reset }: StreamStart): Uint8Array {
  const { latestCheckpoint } = revocations.feed
  const wanted = currentCrls(crls).filter((crl) => issuer === 'all' || crl.issuer === issuer)
  return Buffer.concat([
    Buffer.from('retry: 1000\n\n'),
    ...(reset === undefined ? [] : [resetText(reset)]),
    ...wanted.map((crl) => serverSent('crl', JSON.stringify({ issuer: crl.issuer, number: crl.number }))),
    ...(latestCheckpoint?.seq === follower.seq ? [latestCheckpoint.text] : []),
  ])
}

function textOf(step: Step & { readonly kind: 'entries' }): Uint8Array {
  const [only, ...more] = step.entries
  // The one buffer that all followers share.
  return only !== undefined && more.length === 0 ? only.text : Buffer.concat(step.entries.map(({ text }) => text))
}

function resetText(reset: Reset): Uint8Array {
  return serverSent('reset', JSON.stringify(reset), `${reset.epoch}.${String(reset.seq)}`)
}
