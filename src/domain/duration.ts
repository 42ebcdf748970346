// Durations as policy and configuration write them (`24h`, `30d`), parsed once, to whole seconds.
import { CodedError } from './coded-error.ts'

const SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
])

export class DurationRejected extends CodedError<'duration_rejected'> {
  constructor(text: string) {
    super('duration_rejected', { text: text.slice(0, 40), expected: 'a whole number and one of s, m, h, d: 15m' })
  }
}

/** `15m` → 900. One number and one unit; nothing else is a duration. Throws `DurationRejected`. */
export function parseDuration(text: string): number {
  const match = /^(?<count>[1-9][0-9]{0,8})(?<unit>[smhd])$/.exec(text)
  const unit = SECONDS.get(match?.groups?.['unit'] ?? '')
  if (unit === undefined) throw new DurationRejected(text)
  return Number(match?.groups?.['count']) * unit
}
