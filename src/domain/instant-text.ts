// An instant as texts show it (RFC 3339, UTC, milliseconds): what `Date.toISOString` gives, for answers that are made by the thousand a
// second. The language's own works out day, month and year each time; instants that are told lie on few days.
import { RecentlyUsed } from './recently-used.ts'

const DAY_MILLISECONDS = 86_400_000

/** `2026-01-02T`, by the number of the day since the epoch. */
const DAYS = new RecentlyUsed<number, string>(128)

/** Throws `RangeError` for a date that is none, as `toISOString` does. */
export function instantText(instant: Date): string {
  const milliseconds = instant.getTime()
  const day = Math.floor(milliseconds / DAY_MILLISECONDS)
  const of = milliseconds - day * DAY_MILLISECONDS
  const [hour, minute, second] = [Math.floor(of / 3_600_000), Math.floor(of / 60_000) % 60, Math.floor(of / 1000) % 60]
  return `${dayText(day, instant)}${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}.${threeDigits(of % 1000)}Z`
}

function dayText(day: number, instant: Date): string {
  const known = DAYS.get(day)
  if (known !== undefined) return known
  const text = instant.toISOString()
  const made = text.slice(0, text.indexOf('T') + 1)
  DAYS.put(day, made)
  return made
}

const TWO_DIGITS: readonly string[] = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

function twoDigits(number: number): string {
  return TWO_DIGITS[number] ?? ''
}

function threeDigits(number: number): string {
  return number === 0 ? '000' : String(number).padStart(3, '0')
}
