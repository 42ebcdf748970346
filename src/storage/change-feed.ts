// Brings every committed change to this process's snapshot once, in the order of the numbers: those of its own commits at
// once, those of other processes by asking the change log.
import type { NumberedChange } from '../domain/change.ts'
import type { Clock } from '../domain/clock.ts'
import { ChangeLogGap } from './errors.ts'

/** Changes asked for at once: a process that comes back after a pause catches up in steps. */
const CHANGES_PER_READ = 1000

export interface ChangeFeedParts {
  readonly clock: Clock
  readonly changesAfter: (seq: number, limit: number) => Promise<readonly NumberedChange[]>
  readonly onCommitted: (changes: readonly NumberedChange[]) => void
  readonly onConfirmed: (askedAtMilliseconds: number) => void
}

export class ChangeFeed {
  readonly #parts: ChangeFeedParts
  #position: number | undefined

  constructor(parts: ChangeFeedParts) {
    this.#parts = parts
  }

  /** From now on everything after `seq` is delivered. Called again, it goes back or forward to there. */
  follow(seq: number): void {
    this.#position = seq
  }

  /** Number of the last change that was delivered; undefined while nobody follows. */
  get position(): number | undefined {
    return this.#position
  }

  /**
   * Delivers what this process has just committed. Another process may have committed in between: that comes first.
   * Throws `ChangeLogGap`.
   */
  async own(changes: readonly NumberedChange[]): Promise<void> {
    const [first] = changes
    if (first === undefined || this.#position === undefined) return
    if (first.seq <= this.#position + 1) this.#deliver(changes)
    else await this.poll()
  }

  /** Asks the log until nothing is left, and confirms the snapshot as of the last question. Throws `ChangeLogGap`. */
  async poll(): Promise<void> {
    const { clock, changesAfter, onConfirmed } = this.#parts
    for (;;) {
      if (this.#position === undefined) return
      const askedAt = clock.monotonicMilliseconds()
      const changes = await changesAfter(this.#position, CHANGES_PER_READ)
      this.#deliver(changes)
      if (changes.length < CHANGES_PER_READ) {
        onConfirmed(askedAt)
        return
      }
    }
  }

  /** While one read was on its way, another or a commit may have brought the same. */
  #deliver(changes: readonly NumberedChange[]): void {
    const position = this.#position ?? 0
    const fresh = changes.filter(({ seq }) => seq > position)
    if (fresh.length === 0) return
    const missing = fresh.findIndex(({ seq }, index) => seq !== position + 1 + index)
    if (missing !== -1) throw new ChangeLogGap(position + missing, fresh[missing]?.seq ?? 0)
    this.#parts.onCommitted(fresh)
    this.#position = position + fresh.length
  }
}
