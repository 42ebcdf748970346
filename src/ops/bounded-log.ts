// Log lines that strangers cause: so many a minute, and then how many were left out. No stranger fills a disk with them.
import type { Clock } from '../domain/clock.ts'
import type { Log } from './log.ts'

const WINDOW_MILLISECONDS = 60_000

export class BoundedLog {
  readonly #log: Pick<Log, 'warn'>
  readonly #clock: Clock
  readonly #linesAMinute: number
  #windowEndsAt = -Infinity
  #written = 0
  #leftOut = 0

  constructor(log: Pick<Log, 'warn'>, clock: Clock, linesAMinute = 60) {
    this.#log = log
    this.#clock = clock
    this.#linesAMinute = linesAMinute
  }

  warn(facts: object, message: string): void {
    const now = this.#clock.monotonicMilliseconds()
    if (now >= this.#windowEndsAt) this.#begin(now)
    if (this.#written >= this.#linesAMinute) {
      this.#leftOut += 1
      return
    }
    this.#written += 1
    this.#log.warn(facts, message)
  }

  #begin(now: number): void {
    if (this.#leftOut > 0) this.#log.warn({ lines: this.#leftOut }, 'lines like these were left out')
    this.#windowEndsAt = now + WINDOW_MILLISECONDS
    this.#written = 0
    this.#leftOut = 0
  }
}
