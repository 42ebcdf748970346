// The last changes of the log, in memory, for those who follow it a step behind: whoever is further behind than this starts from a
// whole state again.
import type { NumberedChange } from '../domain/change.ts'
import { Waiting } from '../domain/waiting.ts'

/** A minute of a platform that starts a hundred jobs a second. */
const CAPACITY = 10_000

export class RecentChanges {
  readonly #capacity: number
  #changes: NumberedChange[] = []
  readonly #waiting = new Waiting()

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity
  }

  /** In the order of their numbers; those it has are skipped. A gap begins anew. */
  add(changes: readonly NumberedChange[]): void {
    for (const entry of changes) {
      const last = this.#changes.at(-1)?.seq
      if (last !== undefined && entry.seq <= last) continue
      if (last !== undefined && entry.seq !== last + 1) this.#changes = []
      this.#changes.push(entry)
    }
    // In halves, so that not each change moves all of them.
    if (this.#changes.length > 2 * this.#capacity) this.#changes = this.#changes.slice(-this.#capacity)
    this.wake()
  }

  /** Everything after `seq` up to `revision`; undefined when not all of it is here. */
  between(seq: number, revision: number): readonly NumberedChange[] | undefined {
    if (seq === revision) return []
    const [first] = this.#changes
    const last = this.#changes.at(-1)
    if (first === undefined || last === undefined || first.seq > seq + 1 || last.seq < revision) return undefined
    return this.#changes.slice(seq + 1 - first.seq, revision + 1 - first.seq)
  }

  /** Resolves with the next change, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return this.#waiting.next(signal)
  }

  /** Whoever waits looks again. */
  wake(): void {
    this.#waiting.wake()
  }
}
