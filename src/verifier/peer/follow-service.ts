// Keeps up with a Signet service: loads everything once, then follows its feed of revocations, and asks for CRLs again and again all the
// while. When the feed breaks off, or is found to have a gap, CRLs say everything until it is heard anew.
import type { ServiceLine } from './ask-service.ts'
import type { EvidenceSink } from './evidence-sink.ts'
import { repeat, type Repeating } from './repeating.ts'
import { ServiceSource } from './service-source.ts'

export interface FollowServiceParts {
  readonly line: ServiceLine
  readonly sink: EvidenceSink
  readonly now: () => Date
  readonly pollSeconds: number
  /** DER. */
  readonly roots: readonly Uint8Array[]
}

export interface FollowedService extends Repeating {
  readonly news: 'heard' | 'polling'
}

/** Throws `EvidenceUnreadable` when the first load fails. */
export async function followService(parts: FollowServiceParts): Promise<FollowedService> {
  const { line, sink, now, pollSeconds } = parts
  const ending = new AbortController()
  const source = new ServiceSource(line, sink, now)
  try {
    await source.refresh('all', ending.signal)
  } catch (error) {
    line.close()
    throw error
  }
  const polling = repeat(pollSeconds * 1000, async () => {
    try {
      await source.refresh('all', ending.signal)
      sink.settled()
    } catch (error) {
      if (!ending.signal.aborted) sink.failed(error)
    }
  })
  return {
    news: 'polling',
    stop: async () => {
      ending.abort()
      await polling.stop()
      line.close()
    },
  }
}
