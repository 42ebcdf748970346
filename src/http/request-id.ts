// One id a request, in its log lines, its audit event and its answer; ours, so that no client can choose it.
import { randomBytes } from 'node:crypto'

const ID_BYTES = 9
const POOL_BYTES = ID_BYTES * 512
let pool: Buffer = Buffer.alloc(0)
let used = 0

/** 72 random bits in base64url; drawn in pools, because one draw a request would cost more than the id. */
export function makeRequestId(): string {
  if (used + ID_BYTES > pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  used += ID_BYTES
  return pool.toString('base64url', used - ID_BYTES, used)
}
