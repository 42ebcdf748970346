// When `signet job run` renews: by the clock of the host while that can be right, by the certificate where it is wrong.
import { expect, test } from 'vitest'
import { secondsToHalfLife } from '../../src/cli/job-keeper.ts'

const HOUR = 3600
const SET_BACK = 300

test.each([
  ['right', 0, HOUR / 2],
  ['five minutes slow', -SET_BACK, (HOUR + SET_BACK) / 2],
  ['an hour slow', -HOUR, (HOUR + SET_BACK) / 2],
  ['a little under an hour fast', HOUR - 6, (HOUR + SET_BACK) / 60],
  ['an hour fast', HOUR, (HOUR + SET_BACK) / 2],
  ['a year fast', 365 * 24 * HOUR, (HOUR + SET_BACK) / 2],
])('a certificate of an hour, on a clock that is %s', (_, wrongBy, seconds) => {
  expect(secondsToHalfLife(-SET_BACK * 1000, HOUR * 1000, wrongBy * 1000)).toBe(seconds)
})

test('a second at least', () => {
  expect(secondsToHalfLife(0, 1000, 500)).toBe(1)
})
