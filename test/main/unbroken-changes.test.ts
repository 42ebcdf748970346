// How far back the change log tells everything: what lies before a missing number is not known.
import { describe, expect, test } from 'vitest'
import type { NumberedChange } from '../../src/domain/change.ts'
import { readUnbrokenChanges } from '../../src/main/unbroken-changes.ts'

/** A log with these numbers. */
const logOf = (numbers: Iterable<number>) => {
  const log = [...numbers].map((seq): NumberedChange => ({ seq, change: { kind: 'token-key', kid: 'k' } }))
  return {
    changesAfter: async (after: number, limit: number): Promise<readonly NumberedChange[]> =>
      log.filter(({ seq }) => seq > after).slice(0, limit),
  }
}

const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('the changes after 10, up to 15', () => {
  test.each([
    { title: 'all of them are there', log: range(5, 15), since: 10, found: range(11, 15) },
    { title: 'later ones are left out', log: range(5, 20), since: 10, found: range(11, 15) },
    { title: 'the first is missing', log: [10, ...range(12, 15)], since: 11, found: range(12, 15) },
    { title: 'one in the middle is missing', log: [10, 11, 12, 14, 15], since: 13, found: [14, 15] },
    { title: 'two are missing, not in a row', log: [10, 12, 13, 15], since: 14, found: [15] },
    { title: 'the last is missing', log: range(10, 14), since: 15, found: [] },
    { title: 'the last is missing, and later ones are there', log: [...range(10, 14), 16], since: 15, found: [] },
    { title: 'the old ones were forgotten', log: [14, 15], since: 13, found: [14, 15] },
    { title: 'nothing is there', log: [], since: 15, found: [] },
  ])('$title', async ({ log, since, found }) => {
    const known = await readUnbrokenChanges(logOf(log), 10, 15)
    expect([known.since, known.changes.map(({ seq }) => seq)]).toEqual([since, found])
  })
})

test('nothing is asked of a log that has nothing new', async () => {
  expect(await readUnbrokenChanges(logOf([]), 15, 15)).toEqual({ since: 15, changes: [] })
})

test.each([
  { title: 'in the first thousand', missing: 500 },
  { title: 'where one read ends', missing: 1000 },
  { title: 'where the next begins', missing: 1001 },
  { title: 'after some reads', missing: 2500 },
])('of a log that takes many reads, a number is missing $title', async ({ missing }) => {
  const log = range(1, 3000).filter((seq) => seq !== missing)
  const known = await readUnbrokenChanges(logOf(log), 0, 3000)
  expect([known.since, known.changes.map(({ seq }) => seq)]).toEqual([missing, range(missing + 1, 3000)])
})
