// The table against a plain map, through random changes.
import { describe, expect, test } from 'vitest'
import { RevocationIndex, type RevocationView } from '../../src/access/revocation-index.ts'
import { seededRandom } from '../faults/seeded-random.ts'
import { serial } from '../storage/fixtures.ts'

describe('RevocationIndex', () => {
  test('is what a map is, through thousands of changes', () => {
    const random = seededRandom(11)
    const index = new RevocationIndex()
    const plain = new Map<string, RevocationView>()
    for (let step = 0; step < 30_000; step += 1) {
      const known = serial(Math.floor(random() * 9000))
      if (random() < 0.35) {
        index.delete(known)
        plain.delete(known)
      } else {
        const view = {
          status: random() < 0.5 ? 'held' : 'revoked',
          notAfter: Math.floor(random() * 1e6) * 1000,
        } as const
        index.set(known, view)
        plain.set(known, view)
      }
      if (step % 10_000 === 9999) {
        const before = Math.floor(random() * 5e5) * 1000
        const dropped = [...plain].filter(([, { notAfter }]) => notAfter < before)
        for (const [each] of dropped) plain.delete(each)
        expect(index.dropEndedBefore(before)).toBe(dropped.length)
      }
    }
    expect(index.size).toBe(plain.size)
    expect(new Map(index)).toEqual(plain)
    for (let n = 0; n < 9100; n += 1) expect(index.get(serial(n))).toEqual(plain.get(serial(n)))
  })

  test('finds those that begin alike apart', () => {
    const index = new RevocationIndex()
    const alike = Array.from({ length: 200 }, (_, n) => `01${'ab'.repeat(8)}${n.toString(16).padStart(16, '0')}`)
    for (const each of alike) index.set(each, { status: 'revoked', notAfter: 1000 })
    for (const each of alike.filter((_, n) => n % 3 === 0)) index.delete(each)
    expect(alike.map((each) => index.get(each) !== undefined)).toEqual(alike.map((_, n) => n % 3 !== 0))
  })

  test.each(['', '01', 'x', '0'.repeat(34), `01${'AB'.repeat(16)}`, `01${'ab'.repeat(17)}`])(
    'finds nothing for %j',
    (text) => {
      expect(new RevocationIndex().get(text)).toBeUndefined()
    },
  )

  test('keeps the instant itself, and drops what ended before', () => {
    const index = new RevocationIndex()
    index.set(serial(1), { status: 'revoked', notAfter: 5000 })
    expect([index.dropEndedBefore(5000), index.dropEndedBefore(5001), index.size]).toEqual([0, 1, 0])
  })
})
