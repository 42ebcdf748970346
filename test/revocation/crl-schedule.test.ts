// When a CRL is due, and which number and dates it gets: both sides of every boundary, and clocks that were set back.
import { describe, expect, test } from 'vitest'
import { addSeconds, unixSeconds } from '../../src/domain/clock.ts'
import { crlDue, type CrlBefore, nextCrlDates } from '../../src/revocation/crl-schedule.ts'
import { POLICY as CA_POLICY } from '../ca/test-hierarchy.ts'

const POLICY = CA_POLICY.revocation.crl
const MADE = new Date('2026-06-01T12:00:00Z')
const before: CrlBefore = nextCrlDates(undefined, MADE, POLICY)
const after = (seconds: number): Date => addSeconds(MADE, seconds)

describe('crlDue', () => {
  test.each<[what: string, hasNews: boolean, seconds: number, due: 'news' | 'age' | number]>([
    ['quiet, just made: in an hour', false, 0, 3600],
    ['quiet, a second before the hour', false, 3599, 3600],
    ['quiet, at the hour: long before nextUpdate', false, 3600, 'age'],
    ['quiet, late at start: past nextUpdate', false, 86_401, 'age'],
    ['news within the second: at its end', true, 0, 1],
    ['news a millisecond before its end', true, 0.999, 1],
    ['news at the end of the second', true, 1, 'news'],
    ['news later', true, 600, 'news'],
    ['news and old', true, 3600, 'news'],
    ['quiet, the clock set back by an hour', false, -3600, 3600],
    ['news, the clock set back by 5 s: waits for its second', true, -5, 1],
    ['news, the clock set back by more: at once', true, -5.001, 'news'],
    ['news, the clock set back by a day', true, -86_400, 'news'],
  ])('%s', (_, hasNews, seconds, due) => {
    const expected = typeof due === 'number' ? { kind: 'later', at: after(due) } : { kind: 'due', because: due }
    expect(crlDue(before, hasNews, after(seconds), POLICY)).toEqual(expected)
  })

  test.each([true, false])('without a CRL one is due (news: %s)', (hasNews) => {
    expect(crlDue(undefined, hasNews, MADE, POLICY)).toEqual({ kind: 'due', because: 'first' })
  })
})

describe('nextCrlDates (rule 31)', () => {
  test('the first: numbered by Unix seconds, set back five minutes, good for a day from now', () => {
    expect(nextCrlDates(undefined, new Date('2026-06-01T12:00:00.999Z'), POLICY)).toEqual({
      number: unixSeconds(MADE),
      thisUpdate: after(-300),
      nextUpdate: after(86_400),
    })
  })

  test.each<[what: string, seconds: number, number: number, thisUpdate: number, nextUpdate: number]>([
    ['an hour later', 3600, 3600, 3300, 90_000],
    ['a second later', 1, 1, -299, 86_401],
    ['in the same second', 0.5, 1, -299, 86_400],
    ['a clock that was set back', -7200, 1, -299, 79_200],
    ['a clock that was set back by days', -300_000, 1, -299, -298],
  ])('%s: number and thisUpdate rise', (_, seconds, number, thisUpdate, nextUpdate) => {
    expect(nextCrlDates(before, after(seconds), POLICY)).toEqual({
      number: unixSeconds(MADE) + number,
      thisUpdate: after(thisUpdate),
      nextUpdate: after(nextUpdate),
    })
  })

  test('a number that ran ahead of the clock goes on by one', () => {
    const ahead = { ...before, number: unixSeconds(MADE) + 10_000 }
    expect(nextCrlDates(ahead, after(60), POLICY).number).toBe(ahead.number + 1)
  })

  test('a hundred in a row on a clock that jumps about: strictly rising, and none ends before it begins', () => {
    let last: CrlBefore = before
    for (let i = 0; i < 100; i += 1) {
      const next = nextCrlDates(last, after(((i * 7919) % 2000) - 1000), POLICY)
      expect(next.number).toBeGreaterThan(last.number)
      expect(next.thisUpdate.getTime()).toBeGreaterThan(last.thisUpdate.getTime())
      expect(next.nextUpdate.getTime()).toBeGreaterThan(next.thisUpdate.getTime())
      expect(next.thisUpdate.getTime() % 1000).toBe(0)
      last = next
    }
  })
})
