// How many feeds are open, in all and for each address (SECURITY.md rule 28): each holds a connection for as long as it likes.
import { HttpRefused } from './problem.ts'

export const MAX_FEEDS = 1000
export const MAX_FEEDS_OF_ADDRESS = 20

export class OpenFeeds {
  readonly #ofAddress = new Map<string, number>()
  readonly #ending = new AbortController()
  #open = 0

  /** Aborts when the process stops: what is open ends. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  get count(): number {
    return this.#open
  }

  /** Gives what ends it again. Throws `HttpRefused` (`too_busy`). */
  open(address: string): () => void {
    const ofAddress = this.#ofAddress.get(address) ?? 0
    if (this.#ending.signal.aborted || this.#open >= MAX_FEEDS || ofAddress >= MAX_FEEDS_OF_ADDRESS) {
      throw new HttpRefused('too_busy', {}, { 'retry-after': '10' })
    }
    this.#open += 1
    this.#ofAddress.set(address, ofAddress + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      this.#leave(address)
    }
  }

  endAll(): void {
    this.#ending.abort()
  }

  #leave(address: string): void {
    this.#open -= 1
    const left = (this.#ofAddress.get(address) ?? 1) - 1
    if (left === 0) this.#ofAddress.delete(address)
    else this.#ofAddress.set(address, left)
  }
}
