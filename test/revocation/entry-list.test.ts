// The list against a plain map, through random changes; and what was handed out never changes again.
import { describe, expect, test } from 'vitest'
import { type Entry, EntryList, type FrozenEntries } from '../../src/revocation/entry-list.ts'
import { parseSerialNumber, serialBytes, type SerialNumber } from '../../src/domain/serial-number.ts'
import { UnsortedEntries } from '../../src/revocation/unsorted-entries.ts'
import { encodeRevokedEntry } from '../../src/x509/tbs-crl.ts'
import { seededRandom } from '../faults/seeded-random.ts'
import { serial } from '../storage/fixtures.ts'

const entry = (n: number, endsAt = n, reason: 'superseded' | 'unspecified' = 'superseded'): Entry => ({
  encoded: encodeRevokedEntry({ serial: serial(n), revocationDate: new Date(1_700_000_000_000), reason }),
  endsAt,
})
const hexOf = ({ parts }: FrozenEntries): string => Buffer.concat(parts).toString('hex')
const expected = (entries: ReadonlyMap<SerialNumber, Entry>): string =>
  [...entries]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { encoded }]) => Buffer.from(encoded).toString('hex'))
    .join('')

function made(sorted: Iterable<Entry>): EntryList {
  const steps = EntryList.making(sorted)
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

describe('EntryList', () => {
  test('is what a map is, in the order of serials, through thousands of changes', () => {
    const random = seededRandom(7)
    const list = new EntryList()
    const plain = new Map<SerialNumber, Entry>()
    const handedOut: { readonly frozen: FrozenEntries; readonly was: string }[] = []
    for (let step = 0; step < 12_000; step += 1) {
      const n = Math.floor(random() * 5000)
      if (random() < 0.25) {
        expect(list.delete(serialBytes(serial(n)))).toBe(plain.delete(serial(n)))
      } else {
        const made = entry(n, step, random() < 0.5 ? 'superseded' : 'unspecified')
        list.set(made)
        plain.set(serial(n), made)
      }
      if (step % 1500 === 0) handedOut.push({ frozen: list.freeze(), was: expected(plain) })
    }
    expect(list.count).toBe(plain.size)
    expect(hexOf(list.freeze())).toBe(expected(plain))
    for (const { frozen, was } of handedOut) expect(hexOf(frozen)).toBe(was)
    for (const [known, { encoded, endsAt }] of plain) {
      const found = list.get(serialBytes(known))
      expect([found?.endsAt, Buffer.compare(found?.encoded ?? Buffer.of(), encoded)]).toEqual([endsAt, 0])
    }
    expect(list.get(serialBytes(serial(5001)))).toBeUndefined()
  })

  test('in rising order its pieces are full', () => {
    const list = new EntryList()
    const serials = Array.from({ length: 5000 }, (_, n) => n).toSorted((a, b) => (serial(a) < serial(b) ? -1 : 1))
    for (const n of serials) list.set(entry(n))
    expect(list.freeze().parts).toHaveLength(5)
  })

  test('made at once of what came in any order, it is the same, and goes on as one that grew', () => {
    const unsorted = new UnsortedEntries()
    const grown = new EntryList()
    for (let n = 0; n < 9000; n += 1) {
      const made = entry(n % 8000, n, n % 3 === 0 ? 'superseded' : 'unspecified')
      unsorted.add(made)
      grown.set(made)
    }
    const list = made(unsorted.sorted())
    expect([list.count, list.freeze().parts.length]).toEqual([8000, 8])
    expect(hexOf(list.freeze())).toBe(hexOf(grown.freeze()))
    for (const each of [list, grown]) {
      each.delete(serialBytes(serial(17)))
      each.set(entry(9001))
      each.set(entry(3, 1, 'unspecified'))
    }
    expect(hexOf(list.freeze())).toBe(hexOf(grown.freeze()))
    expect(list.get(serialBytes(serial(999)))?.endsAt).toBe(8999)
    expect(made([]).freeze()).toEqual({ parts: [], length: 0, count: 0 })
  })

  test('of serials that begin alike, and of the same, the order is that of a list that grew', () => {
    const unsorted = new UnsortedEntries()
    const grown = new EntryList()
    const random = seededRandom(7)
    for (let n = 0; n < 600; n += 1) {
      // Alike in all but one octet, early, about where 64 bits end, or late; and some of them twice.
      const octets = Buffer.alloc(16, 0xa5)
      octets[[3, 7, 8, 15][n % 4] ?? 0] = Math.floor(random() * 256)
      const each = {
        encoded: encodeRevokedEntry({
          serial: parseSerialNumber(`01${octets.toString('hex')}`),
          revocationDate: new Date(1_700_000_000_000),
        }),
        endsAt: n,
      }
      unsorted.add(each)
      grown.set(each)
    }
    const list = made(unsorted.sorted())
    expect([list.count, hexOf(list.freeze())]).toEqual([grown.count, hexOf(grown.freeze())])
    expect(list.count).toBeLessThan(600)
    const ends = (of: EntryList): readonly unknown[] => {
      const copy = of.clone()
      return Array.from({ length: 61 }, (_, step) => {
        Array.from(copy.dropEndedBefore(step * 10))
        return copy.count
      })
    }
    expect(ends(list)).toEqual(ends(grown))
  })

  test('tells how much there is, and is empty again when all have left', () => {
    const list = new EntryList()
    expect(list.freeze()).toEqual({ parts: [], length: 0, count: 0 })
    for (let n = 0; n < 3000; n += 1) list.set(entry(n))
    const { length, count, parts } = list.freeze()
    expect([length, count]).toEqual([Buffer.concat(parts).length, 3000])
    for (let n = 0; n < 3000; n += 1) list.delete(serialBytes(serial(n)))
    expect(list.freeze()).toEqual({ parts: [], length: 0, count: 0 })
  })

  test('drops what ended before an instant, also while others come and go', () => {
    const list = new EntryList()
    for (let n = 0; n < 6000; n += 1) list.set(entry(n))
    let added = 6000
    const steps = list.dropEndedBefore(3000)
    while (steps.next().done !== true) {
      list.set(entry(added, added))
      list.delete(serialBytes(serial(added - 2000)))
      added += 1
    }
    for (let n = 0; n < 6000; n += 1) {
      const isThere = list.get(serialBytes(serial(n))) !== undefined
      expect([n, isThere]).toEqual([n, n >= 3000 && !(n >= 4000 && n < added - 2000)])
    }
    expect([...list.dropEndedBefore(10_000)].length).toBeGreaterThan(0)
    expect(list.count).toBe(0)
  })

  test('a clone goes its own way', () => {
    const list = new EntryList()
    for (let n = 0; n < 2000; n += 1) list.set(entry(n))
    const before = hexOf(list.freeze())
    const clone = list.clone()
    clone.delete(serialBytes(serial(3)))
    list.set(entry(3, 9, 'unspecified'))
    expect(clone.count).toBe(1999)
    clone.set(entry(3))
    expect(hexOf(clone.freeze())).toBe(before)
    expect(hexOf(list.freeze())).not.toBe(before)
  })
})
