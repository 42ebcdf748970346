// How many feeds are open at once, in all and from one address.
import { describe, expect, test } from 'vitest'
import { MAX_FEEDS, MAX_FEEDS_OF_ADDRESS, OpenFeeds } from '../../src/http/open-feeds.ts'

const BUSY = expect.objectContaining({ code: 'too_busy', headers: { 'retry-after': '10' } }) as Error

/** As many as one address may have, from each of so many addresses. */
function filled(addresses: number): { readonly feeds: OpenFeeds; readonly ends: readonly (() => void)[] } {
  const feeds = new OpenFeeds()
  const count = addresses * MAX_FEEDS_OF_ADDRESS
  const ends = Array.from({ length: count }, (_, n) => feeds.open(`192.0.2.${String(n % addresses)}`))
  return { feeds, ends }
}

describe('rule 28: open feeds', () => {
  test('are 20 from one address, and its 21st does not shut out another', () => {
    const { feeds, ends } = filled(1)
    expect(ends).toHaveLength(20)
    expect(() => feeds.open('192.0.2.0')).toThrow(BUSY)
    expect(() => feeds.open('192.0.2.1')).not.toThrow()
  })

  test('are 1,000 in all', () => {
    const { feeds, ends } = filled(MAX_FEEDS / MAX_FEEDS_OF_ADDRESS)
    expect(ends).toHaveLength(1000)
    expect(() => feeds.open('198.51.100.1')).toThrow(BUSY)
  })

  test('that end make room for one each, however often their end is told', () => {
    const { feeds, ends } = filled(1)
    for (let round = 0; round < 3; round += 1) ends[0]?.()
    expect(() => feeds.open('192.0.2.0')).not.toThrow()
    expect(() => feeds.open('192.0.2.0')).toThrow(BUSY)
  })

  test('all end when the process stops, and none begins', () => {
    const feeds = new OpenFeeds()
    feeds.open('192.0.2.0')
    feeds.endAll()
    expect(feeds.ending.aborted).toBe(true)
    expect(() => feeds.open('192.0.2.1')).toThrow(BUSY)
  })
})
