// The two shapes that nearly all entries of nearly all CRLs have, recognised without an object being made: a serial, a
// UTCTime and at most one reason, not critical. Anything else, wrong or merely rare, is for `revoked-entry.ts` to judge.
import { TAG } from './der-reader.ts'
import { UTC_TIME } from './der-time.ts'
import { CRL_REASONS } from './revoked-entry.ts'

/** Tag, length and `YYMMDDHHMMSSZ`. */
const TIME_OCTETS = 15

/** crlEntryExtensions with a reasonCode (RFC 5280 §5.3.1), up to the reason itself, which is the one octet after it. */
const REASON = Uint8Array.of(0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01)

/** Where the entry that begins at `at` ends, or 0 when it has neither shape. */
export function endOfPlainEntry(bytes: Uint8Array, at: number, version: 1 | 2): number {
  const length = bytes[at + 1] ?? 0x80
  const end = at + 2 + length
  if (bytes[at] !== TAG.sequence || length >= 0x80 || end > bytes.length) return 0
  const time = endOfSerial(bytes, at + 2)
  if (time === 0 || !isPlainTime(bytes, time)) return 0
  const rest = time + TIME_OCTETS
  if (rest === end) return end
  return version === 2 && rest + REASON.length + 1 === end && isReason(bytes, rest) ? end : 0
}

/** 0 unless it is an INTEGER of 1 to 127 octets, and minimal (X.690 §8.3.2). */
function endOfSerial(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1] ?? 0
  if (bytes[at] !== TAG.integer || length === 0 || length >= 0x80) return 0
  const first = bytes[at + 2]
  if (length > 1 && (first === 0x00 || first === 0xff)) return 0
  return at + 2 + length
}

/** Days of the months, from the first. The 29th of February is left to the reader that knows the years. */
const DAYS = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

function isPlainTime(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== UTC_TIME || bytes[at + 1] !== TIME_OCTETS - 2 || bytes[at + 14] !== 0x5a) return false
  const month = pair(bytes, at + 4)
  const day = pair(bytes, at + 6)
  if (pair(bytes, at + 2) > 99 || month > 12 || day < 1 || day > (DAYS[month] ?? 0)) return false
  return pair(bytes, at + 8) < 24 && pair(bytes, at + 10) < 60 && pair(bytes, at + 12) < 60
}

/** The number that two digits say, over 99 when they are none. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30
  const ones = (bytes[at + 1] ?? 0) - 0x30
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? 100 : tens * 10 + ones
}

function isReason(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < REASON.length; i++) if (bytes[at + i] !== REASON[i]) return false
  return CRL_REASONS[bytes[at + REASON.length] ?? 0xff] !== undefined
}
