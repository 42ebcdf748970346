// Loading the state anew after a gap: one load at a time, however often the gap is met meanwhile. Nothing is decided until one
// has succeeded; when one fails, the next poll meets the gap again and begins the next.
import { SnapshotGap } from '../access/live-snapshot.ts'
import { ChangeLogGap } from '../storage/errors.ts'

export class Reload {
  readonly #load: () => Promise<void>
  readonly #onFailure: (error: unknown) => void
  #isLoading = false

  constructor(load: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#load = load
    this.#onFailure = onFailure
  }

  /** Begins a load when the fault is a gap, in the change log or between it and the snapshot. */
  after(fault: unknown): void {
    if (this.#isLoading || !(fault instanceof ChangeLogGap || fault instanceof SnapshotGap)) return
    this.#isLoading = true
    void this.#load()
      .catch(this.#onFailure)
      .finally(() => {
        this.#isLoading = false
      })
  }
}
