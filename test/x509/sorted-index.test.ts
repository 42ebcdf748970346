import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SortedIndex } from '../../src/x509/sorted-index.ts'

/** Items are texts; the key of one is the number before its colon. */
function indexOf(items: readonly string[]): {
  readonly index: SortedIndex
  readonly find: (item: string) => string | undefined
  readonly comparisons: () => number
} {
  let comparisons = 0
  const order = (a: string, b: string): number => {
    comparisons++
    return a < b ? -1 : a > b ? 1 : 0
  }
  const keys = Uint32Array.from(items, keyOf)
  const index = new SortedIndex(keys, (a, b) => order(items[a] ?? '', items[b] ?? ''))
  const find = (item: string): string | undefined => {
    const found = index.find(keyOf(item), (at) => order(items[at] ?? '', item))
    return found === undefined ? undefined : items[found]
  }
  return { index, find, comparisons: () => comparisons }
}

function keyOf(item: string): number {
  return Number(item.split(':')[0])
}

const item = fc
  .tuple(fc.constantFrom(0, 1, 2 ** 11, 2 ** 22, 2 ** 31, 2 ** 32 - 1), fc.nat(30))
  .map(([key, name]) => `${key}:${name}`)

describe('SortedIndex', () => {
  it('finds what is in it and nothing else, as a Set does', () => {
    fc.assert(
      fc.property(fc.uniqueArray(item, { maxLength: 60 }), fc.array(item), (items, others) => {
        const { find } = indexOf(items)
        for (const each of [...items, ...others]) expect(find(each)).toBe(items.includes(each) ? each : undefined)
      }),
    )
  })

  it('finds each of many, whose keys are spread or crowded', () => {
    for (const spread of [1, 2 ** 12, 2 ** 20]) {
      const items = Array.from({ length: 3000 }, (_, i) => `${i * spread}:x`)
      const { find } = indexOf(items)
      for (const each of items) expect(find(each)).toBe(each)
      expect(find(`${3001 * spread}:x`)).toBeUndefined()
      expect(find('4294967295:x')).toBeUndefined()
    }
  })

  it('says whether two items are equal', () => {
    const equals = (items: readonly string[]): boolean => {
      return indexOf(items).index.hasEquals((a, b) => (items[a] === items[b] ? 0 : 1))
    }
    expect(equals([])).toBe(false)
    expect(equals(['1:a', '2:a', '1:b', '3:c'])).toBe(false)
    expect(equals(['1:a', '2:a', '1:b', '3:c', '1:a'])).toBe(true)
  })

  it('takes no more than n log n comparisons when all keys are one, and log n to find', () => {
    const items = Array.from({ length: 20_000 }, (_, i) => `7:${(i * 7919) % 20_000}`)
    const { find, comparisons } = indexOf(items)
    expect(comparisons()).toBeLessThan(20_000 * 20)
    const before = comparisons()
    expect(find('7:19999')).toBe('7:19999')
    expect(comparisons() - before).toBeLessThan(20)
  })
})
