// One id a request, in its log lines, its audit event and its answer; ours, so that no client can choose it.
import { systemRandom } from '../domain/clock.ts'

const ID_CHARACTERS = 12

/** Many at a time cost as much as one. */
const MADE_AT_ONCE = 256
let made = ''
let used = 0

/** 72 random bits in base64url. */
export function makeRequestId(): string {
  if (used >= made.length) {
    made = Buffer.from(systemRandom((MADE_AT_ONCE * ID_CHARACTERS * 6) / 8)).toString('base64url')
    used = 0
  }
  used += ID_CHARACTERS
  return made.slice(used - ID_CHARACTERS, used)
}
