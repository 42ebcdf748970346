// What is kept by serial stays within its bound, and what was asked about again outlives what was not.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OcspEntries, type Used } from '../../src/revocation/ocsp-entries.ts'
import { serial } from '../x509/fixtures.ts'

const fresh = (): Used => ({ wasUsed: false })

function use(entries: OcspEntries<Used>, last: number): void {
  const entry = entries.get(serial(last))
  if (entry !== undefined) entry.wasUsed = true
}

test('without another use the oldest goes first, and the whole bound is used', () => {
  const entries = new OcspEntries<Used>(8)
  for (let last = 1; last <= 10; last++) entries.put(serial(last), fresh())
  expect(entries.serials()).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((last) => serial(last)))
})

test('what was used stays, however much comes that is not', () => {
  const entries = new OcspEntries<Used>(8)
  for (const last of [1, 2, 3]) {
    entries.put(serial(last), fresh())
    use(entries, last)
  }
  for (let last = 10; last < 100; last++) entries.put(serial(last), fresh())
  expect([1, 2, 3].map((last) => entries.get(serial(last)) !== undefined)).toEqual([true, true, true])
  expect(entries.size).toBe(8)
})

test('of those that were used, one that is not any more goes when others are', () => {
  const entries = new OcspEntries<Used>(8)
  for (let last = 1; last < 100; last++) {
    entries.put(serial(last), fresh())
    use(entries, last)
    use(entries, 2)
  }
  expect(entries.get(serial(1))).toBe(undefined)
  expect(entries.get(serial(2))).not.toBe(undefined)
  expect(entries.size).toBe(8)
})

test('one that takes the place of another keeps it', () => {
  const entries = new OcspEntries<Used>(8)
  for (let last = 1; last <= 8; last++) entries.put(serial(last), fresh())
  const next = fresh()
  entries.put(serial(1), next)
  expect(entries.get(serial(1))).toBe(next)
  entries.put(serial(9), fresh())
  expect(entries.get(serial(1))).toBe(undefined)
})

test('whatever comes, there are never more than the bound, and what came last is there', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom('put', 'use', 'delete')), { maxLength: 300 }),
      (capacity, steps) => {
        const entries = new OcspEntries<Used>(capacity)
        for (const [last, step] of steps) {
          if (step === 'put') entries.put(serial(last), fresh())
          if (step === 'use') use(entries, last)
          if (step === 'delete') entries.delete(serial(last))
          expect(entries.size).toBeLessThanOrEqual(capacity)
          expect(new Set(entries.serials()).size).toBe(entries.size)
          if (step === 'put' && capacity > 1) expect(entries.get(serial(last))).not.toBe(undefined)
        }
      },
    ),
  )
})
