import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RecentlyUsed } from '../../src/domain/recently-used.ts'

describe('what was used recently', () => {
  test('is found, and what nobody asked for is forgotten', () => {
    const kept = new RecentlyUsed<string, number>(4)
    for (const [at, key] of ['a', 'b', 'c'].entries()) kept.put(key, at)
    expect(kept.get('a')).toBe(0)
    for (const [at, key] of ['d', 'e', 'f'].entries()) kept.put(key, at)
    expect([kept.get('b'), kept.get('c')]).toEqual([undefined, undefined])
  })

  test('is gone once it is deleted, from both halves', () => {
    const kept = new RecentlyUsed<string, number>(2)
    kept.put('a', 1)
    kept.put('b', 2)
    expect(kept.get('a')).toBe(1)
    kept.delete('a')
    expect(kept.get('a')).toBeUndefined()
  })

  test('is the latest value of its key, and never more than the capacity', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('put', 'get', 'delete'), fc.integer({ min: 0, max: 9 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), steps, (capacity, acts) => {
        const kept = new RecentlyUsed<number, number>(capacity)
        const latest = new Map<number, number>()
        for (const [at, [act, key]] of acts.entries()) {
          if (act === 'put') {
            kept.put(key, at)
            latest.set(key, at)
          } else if (act === 'delete') {
            kept.delete(key)
            latest.delete(key)
          }
          const found = kept.get(key)
          expect(found === undefined || found === latest.get(key)).toBe(true)
          // Of what was put or asked for just now nothing is forgotten.
          if (act === 'put') expect(found).toBe(at)
          expect(kept.size).toBeLessThanOrEqual(capacity)
        }
      }),
    )
  })
})
