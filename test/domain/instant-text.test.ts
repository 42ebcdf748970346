import { expect, test } from 'vitest'
import { instantText } from '../../src/domain/instant-text.ts'

const DAY = 86_400_000

test('says what the language says, for every part of a day and on both sides of midnight', () => {
  const days = [0, 1, 58, 59, 60, 365, 11_016, 11_017, 20_778, 20_779, 2_932_896].map((day) => day * DAY)
  const times = [0, 1, 9, 10, 99, 100, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 43_200_000, DAY - 1]
  const instants = days.flatMap((day) => times.map((time) => new Date(day + time)))
  expect(instants.map(instantText)).toEqual(instants.map((instant) => instant.toISOString()))
})

test('and before 1970, and in years that have no four digits', () => {
  const instants = [
    -1,
    -DAY,
    -DAY - 1,
    -62_135_596_800_000,
    -62_198_755_200_001,
    253_402_300_800_000,
    8.64e15,
    -8.64e15,
  ]
  const dates = instants.map((instant) => new Date(instant))
  expect(dates.map(instantText)).toEqual(dates.map((date) => date.toISOString()))
})

test('of more days than it keeps, each as before', () => {
  const dates = Array.from({ length: 1000 }, (_, day) => new Date(day * DAY + day * 61_061))
  for (const round of [dates, dates.toReversed()]) {
    expect(round.map(instantText)).toEqual(round.map((date) => date.toISOString()))
  }
})

test('throws for a date that is none', () => {
  expect(() => instantText(new Date(NaN))).toThrow(RangeError)
})
