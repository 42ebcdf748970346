// A bounded memory of what was worked out before: the newer half and the older half. What is asked for moves to the newer one; when
// that is full it becomes the older one, and what nobody asked for meanwhile is forgotten.
//
// An exact order of use would have to be written at every look, and costs more than most of what is kept here.

export class RecentlyUsed<Key, Value> {
  readonly #half: number
  #newer = new Map<Key, Value>()
  #older = new Map<Key, Value>()

  /** `capacity`: at most so many entries, and never fewer than half of it while more were put. */
  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2))
  }

  get(key: Key): Value | undefined {
    const newer = this.#newer.get(key)
    if (newer !== undefined) return newer
    const older = this.#older.get(key)
    if (older !== undefined) this.put(key, older)
    return older
  }

  put(key: Key, value: Value): void {
    if (this.#newer.size >= this.#half && !this.#newer.has(key)) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, value)
  }

  delete(key: Key): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }

  get size(): number {
    let size = this.#newer.size
    for (const key of this.#older.keys()) if (!this.#newer.has(key)) size += 1
    return size
  }
}
