// Those who wait for more of something that grows in memory: a log, a feed. What it is, and where each of them stands in it, they look
// up themselves when they are woken.

export class Waiting {
  readonly #waiting = new Set<() => void>()

  /** Resolves when it is woken next, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
    })
  }

  wake(): void {
    for (const done of [...this.#waiting]) done()
  }

  get size(): number {
    return this.#waiting.size
  }
}
