// Work that is cut into stages by turns of the event loop is done stage by stage for everything that is under way, and not piece by
// piece: code and tables of one stage stay in the processor's caches, and what arrives in the meantime joins in.

/** What is asked for by many at once, and may not hold up the event loop: no more than so many begin in one turn. */
export class Turns {
  readonly #mostInOne: number
  #waiting: (() => void)[] = []

  constructor(mostInOne: number) {
    this.#mostInOne = mostInOne
  }

  /** Resolves in the next turn that has room, in the order of asking. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) setImmediate(this.#goOn)
      this.#waiting.push(resolve)
    })
  }

  readonly #goOn = (): void => {
    const all = this.#waiting
    this.#waiting = all.slice(this.#mostInOne)
    if (this.#waiting.length > 0) setImmediate(this.#goOn)
    for (const resolve of all.slice(0, this.#mostInOne)) resolve()
  }
}

const unbounded = new Turns(Infinity)

/** Resolves in the next turn of the event loop, with all who wait for it. */
export function nextTurn(): Promise<void> {
  return unbounded.next()
}
