// Time and chance are passed in, so that a test can hold both still.
import { randomBytes, randomFillSync } from 'node:crypto'

export interface Clock {
  /** The wall clock: instants that go into certificates, tokens and records. */
  now(): Date
  /** Milliseconds that never run backwards, for ages and time limits. Its zero means nothing. */
  monotonicMilliseconds(): number
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMilliseconds: () => performance.now(),
}

/** Returns `size` bytes that nobody can predict. */
export type Random = (size: number) => Uint8Array

/** Asking for many at once costs as much as asking for a few. Each byte is given out once, and forgotten here. */
const POOL_BYTES = 4096
const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

export const systemRandom: Random = (size) => {
  if (size > POOL_BYTES) return randomBytes(size)
  if (size > POOL_BYTES - used) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = pool.slice(used, used + size)
  pool.fill(0, used, used + size)
  used += size
  return bytes
}

/** `at` moved by whole seconds. */
export function addSeconds(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000)
}

/** Whole seconds since the epoch (a NumericDate, RFC 7519 §2), rounded down. */
export function unixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000)
}
