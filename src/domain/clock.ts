// Time and chance are passed in, so that a test can hold both still.
import { randomBytes } from 'node:crypto'

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

export const systemRandom: Random = (size) => randomBytes(size)

/** `at` moved by whole seconds. */
export function addSeconds(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000)
}

/** Whole seconds since the epoch (a NumericDate, RFC 7519 §2), rounded down. */
export function unixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000)
}
