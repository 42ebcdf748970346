// UTCTime and GeneralizedTime as RFC 5280 §4.1.2.5 profiles them: GMT, seconds always, no fractions.
import { DerRejected } from './der-rejected.ts'

export const UTC_TIME = 0x17
export const GENERALIZED_TIME = 0x18

/** First year that UTCTime cannot say (RFC 5280 §4.1.2.5.1: 50 and above are of the twentieth century). */
const FIRST_GENERALIZED_YEAR = 2050

/** The ASCII digits of an instant in the form that RFC 5280 wants for its year; milliseconds are cut off. */
export function formatTime(at: Date): { readonly tag: number; readonly digits: string } {
  const year = at.getUTCFullYear()
  if (!(year >= 1950 && year <= 9999)) throw new DerRejected('der_unencodable', { year: String(year) })
  const rest = monthToSecond(at)
  if (year < FIRST_GENERALIZED_YEAR) return { tag: UTC_TIME, digits: `${twoDigits(year % 100)}${rest}` }
  return { tag: GENERALIZED_TIME, digits: `${year}${rest}` }
}

/** The same always as GeneralizedTime, which OCSP wants for every year (RFC 6960 §4.2.2.1). */
export function generalizedDigits(at: Date): string {
  const year = at.getUTCFullYear()
  if (!(year >= 1000 && year <= 9999)) throw new DerRejected('der_unencodable', { year: String(year) })
  return `${year}${monthToSecond(at)}`
}

function monthToSecond(at: Date): string {
  const day = twoDigits(at.getUTCMonth() + 1) + twoDigits(at.getUTCDate())
  return `${day}${twoDigits(at.getUTCHours())}${twoDigits(at.getUTCMinutes())}${twoDigits(at.getUTCSeconds())}Z`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** Reads the content octets, from `from` up to `to`, of a UTCTime or GeneralizedTime. Throws `DerRejected` (`der_time_invalid`). */
export function parseTime(tag: number, bytes: Uint8Array, from = 0, to = bytes.length): Date {
  const yearDigits = tag === UTC_TIME ? 2 : 4
  if (to - from !== yearDigits + 11 || bytes[to - 1] !== 0x5a) throw invalidTime('not YYMMDDHHMMSSZ')
  let year = pair(bytes, from)
  if (tag === UTC_TIME) year += year < 50 ? 2000 : 1900
  else year = year * 100 + pair(bytes, from + 2)
  return instant(year, bytes, from + yearDigits)
}

function instant(year: number, contents: Uint8Array, at: number): Date {
  const month = pair(contents, at)
  const day = pair(contents, at + 2)
  const hour = pair(contents, at + 4)
  const minute = pair(contents, at + 6)
  const second = pair(contents, at + 8)
  if (hour > 23 || minute > 59 || second > 59) throw invalidTime('no such time of day')
  if (year < 100) throw invalidTime('year before 100')
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // Date.UTC rolls 31 February over into March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw invalidTime('no such day')
  return date
}

function pair(contents: Uint8Array, at: number): number {
  const tens = (contents[at] ?? 0) - 0x30
  const ones = (contents[at + 1] ?? 0) - 0x30
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw invalidTime('not a digit')
  return tens * 10 + ones
}

function invalidTime(why: string): DerRejected {
  return new DerRejected('der_time_invalid', { why })
}
