// A stream of the feed towards a reader that takes nothing: it is cut, and gives its place back.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ApiParts } from '../../src/http/parts.ts'
import { FewAtOnce } from '../../src/http/few-at-once.ts'
import { OpenFeeds } from '../../src/http/open-feeds.ts'
import { RevocationFollower } from '../../src/http/revocation-follower.ts'
import { eventStream, SLOW_READER_MILLISECONDS } from '../../src/http/revocation-stream.ts'
import type { ApiContext } from '../../src/http/route.ts'
import { RevocationFeed } from '../../src/revocation/revocation-feed.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** One stream, and what became of it. */
function opened() {
  const feed = new RevocationFeed()
  feed.load({ seq: 10, heads: [] }, 'one')
  const reads = new FewAtOnce(1)
  const happened: string[] = []
  const parts = {
    revocations: { feed, reads, open: new OpenFeeds(), checkpoints: { ensure: () => Promise.resolve() } },
    crls: { complete: () => [] },
    observer: { feed: (what: string) => happened.push(what) },
    reader: { read: () => Promise.reject(new Error('not asked')) },
  } as unknown as ApiParts
  const socket = { destroy: () => happened.push('destroyed') }
  const context = { get: () => socket } as unknown as ApiContext
  const follower = new RevocationFollower({ feed, reads, reader: parts.reader }, 10, 'all')
  const leave = () => happened.push('left')
  const response = eventStream(parts, context, { follower, issuer: 'all', reset: undefined, leave })
  if (response.body === null) throw new Error('a stream has a body')
  return { feed, happened, reader: response.body.getReader() }
}

test('who takes nothing for thirty seconds is cut off', async () => {
  const { happened, reader, feed } = opened()
  await reader.read()
  feed.pulse()
  await reader.read()
  vi.advanceTimersByTime(SLOW_READER_MILLISECONDS - 1)
  expect(happened).toEqual([])
  vi.advanceTimersByTime(1)
  expect(happened).toEqual(['cut', 'left', 'destroyed'])
})

test('who waits for something is not', async () => {
  const { happened, reader, feed } = opened()
  await reader.read()
  const waiting = reader.read()
  await Promise.resolve()
  vi.advanceTimersByTime(10 * SLOW_READER_MILLISECONDS)
  expect(happened).toEqual([])
  feed.pulse()
  expect((await waiting).done).toBe(false)
})

test('a reader that is slow is given what has gathered in one piece', async () => {
  const { reader, feed } = opened()
  await reader.read()
  for (let n = 0; n < 3; n += 1) feed.pulse()
  const { value } = (await reader.read()) as { value: Uint8Array }
  expect(Buffer.from(value).toString()).toBe(': alive\n\n'.repeat(3))
})

test('who leaves gives the place back', async () => {
  const { happened, reader } = opened()
  await reader.read()
  await reader.cancel()
  expect(happened).toEqual(['left'])
})
