// How many key derivations go on at once: each takes up to 128 MiB and a second of a core, and strangers order them. Whoever
// comes when it is full is told so before any work is done; nobody waits in a queue that they could fill.

/** Rule 27 of the design. */
const MAX_AT_ONCE = 4

export type Gated<Result> = { readonly kind: 'done'; readonly result: Result } | { readonly kind: 'busy' }

export class KdfGate {
  #running = 0

  /** Rejects with what `work` rejects with. */
  async run<Result>(work: () => Promise<Result>): Promise<Gated<Result>> {
    if (this.#running >= MAX_AT_ONCE) return { kind: 'busy' }
    this.#running += 1
    try {
      return { kind: 'done', result: await work() }
    } finally {
      this.#running -= 1
    }
  }
}
