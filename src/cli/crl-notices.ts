// Hears of new CRLs as soon as they can be fetched, by the feed of revocations, for as long as it is wanted. What it hears is a hint
// and nothing else: a CRL is verified by whoever fetches it, and one that is never announced is found by looking now and then.
import type { IncomingMessage } from 'node:http'
import type { ServiceClient } from './client.ts'
import { pause } from './pause.ts'
import { reasonOf } from './read-file.ts'
import { isCoded } from './refused.ts'

export interface CrlNotice {
  readonly issuer: string
  readonly number: number
}

export interface CrlNoticesParts {
  /** Made anew for each connection: what it trusts may have changed. */
  readonly client: () => Promise<ServiceClient>
  readonly issuer: string | undefined
  readonly onNotice: (notice: CrlNotice) => void
  /** Whether it hears anything now. */
  readonly onState: (state: 'following' | 'lost', reason: string) => void
}

/** Three checkpoints that did not come. */
const SILENCE_MILLISECONDS = 30_000
const FIRST_PAUSE_SECONDS = 0.5
const LONGEST_PAUSE_SECONDS = 60
/** The longest event is a checkpoint, of a few kilobytes. */
const MAX_EVENT_BYTES = 1024 * 1024

/** Until `stop` is aborted. */
export async function followCrlNotices(parts: CrlNoticesParts, stop: AbortSignal): Promise<void> {
  let seconds = FIRST_PAUSE_SECONDS
  const isOver = (): boolean => stop.aborted
  while (!isOver()) {
    let reason = 'ended'
    try {
      const answer = await (await parts.client()).openEvents('/v1/revocations', { issuer: parts.issuer }, stop)
      parts.onState('following', '')
      await hear(answer, (notice) => {
        seconds = FIRST_PAUSE_SECONDS
        if (notice !== undefined) parts.onNotice(notice)
      })
    } catch (error) {
      reason = isCoded(error) ? error.code : reasonOf(error)
    }
    if (isOver()) return
    parts.onState('lost', reason)
    // Between half and all of it: watchers that lost Signet together must not come back together.
    await pause(seconds * (0.5 + Math.random() / 2), stop)
    seconds = Math.min(seconds * 2, LONGEST_PAUSE_SECONDS)
  }
}

/** `onEvent`: of each event, whatever it tells; what tells none is asked again less and less often. */
async function hear(answer: IncomingMessage, onEvent: (notice: CrlNotice | undefined) => void): Promise<void> {
  // Silence is told from quiet: Signet speaks every ten seconds.
  answer.socket.setTimeout(SILENCE_MILLISECONDS, () => answer.destroy())
  let text = ''
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1')
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    if (text.length > MAX_EVENT_BYTES) return
    for (const block of blocks) onEvent(noticeIn(block))
  }
}

/** Of an event `crl`; anything else is for others. */
function noticeIn(block: string): CrlNotice | undefined {
  const lines = block.split('\n')
  const data = lines.find((line) => line.startsWith('data: '))?.slice('data: '.length)
  if (!lines.includes('event: crl') || data === undefined) return undefined
  try {
    const { issuer, number } = JSON.parse(data) as Partial<CrlNotice>
    return typeof issuer === 'string' && typeof number === 'number' ? { issuer, number } : undefined
  } catch {
    return undefined
  }
}
