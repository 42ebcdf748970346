// Asks the change log for what other processes have committed, again and again (SECURITY.md rule 29: at least every 200 ms).
import type { ChangeFeed } from './change-feed.ts'

/** `manual`: nobody polls but the caller of `pollNow`. */
export type Polling = { readonly everyMilliseconds: number } | 'manual'

export class Poller {
  readonly #feed: ChangeFeed
  readonly #polling: Polling
  readonly #onFault: (error: unknown) => void
  #timer: NodeJS.Timeout | undefined
  #asking: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(feed: ChangeFeed, polling: Polling, onFault: (error: unknown) => void) {
    this.#feed = feed
    this.#polling = polling
    this.#onFault = onFault
  }

  /** Called again, it changes nothing. */
  start(): void {
    if (this.#polling === 'manual' || this.#timer !== undefined || this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#asking = this.#ask()
    }, this.#polling.everyMilliseconds)
    // A process that has nothing else to do may end.
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#asking
  }

  async #ask(): Promise<void> {
    try {
      await this.#feed.poll()
    } catch (error) {
      this.#onFault(error)
    }
    this.#timer = undefined
    this.start()
  }
}
