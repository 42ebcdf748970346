// One id a request, in its log lines, its audit event and its answer; ours, so that no client can choose it.
import { systemRandom } from '../domain/clock.ts'

const ID_BYTES = 9

/** 72 random bits in base64url. */
export function makeRequestId(): string {
  return Buffer.from(systemRandom(ID_BYTES)).toString('base64url')
}
