// Finds one of millions of items by a number of 32 bits and, where numbers are equal, by what the items are: two typed
// arrays and no object per item. Whoever chooses the items cannot make it slow: a radix sort by number, a comparing sort
// among equals, and a binary search over both, which begins where numbers of the same first bits stand.

/** Bits that one pass of the radix sort looks at: three passes for 32, over tables that stay in the cache. */
const PASS_BITS = 11
const PASS_SIZE = 1 << PASS_BITS

/** Most first bits that places are kept for, and items for each of them when keys are spread evenly. */
const MAX_FIRST_BITS = 16
const ITEMS_PER_PLACE = 8

export class SortedIndex {
  readonly #keys: Uint32Array
  readonly #items: Uint32Array
  /** By which of its bits a key is found among `places`. */
  readonly #shift: number
  /** Where the keys of the same first bits begin; one more, where the last of them end. */
  readonly #places: Uint32Array

  /** Items are 0 to `keys.length` - 1. `compare` orders those of one key. `keys` is not kept. */
  constructor(keys: Uint32Array, compare: (a: number, b: number) => number) {
    const sorted = sortByKey(keys)
    this.#keys = sorted.keys
    this.#items = sorted.items
    const wanted = Math.floor(Math.log2(Math.max(1, keys.length / ITEMS_PER_PLACE)))
    const firstBits = Math.min(MAX_FIRST_BITS, wanted)
    this.#shift = 32 - firstBits
    this.#places = placesOf(sorted.keys, firstBits)
    this.#sortEquals(compare)
  }

  /** An item that `compare` calls equal, or undefined: negative when the item comes before what is sought. */
  find(key: number, compare: (item: number) => number): number | undefined {
    const first = firstOf(key, this.#shift)
    let from = this.#places[first] ?? 0
    let to = this.#places[first + 1] ?? 0
    while (from < to) {
      const middle = (from + to) >>> 1
      const item = this.#items[middle] ?? 0
      const order = (this.#keys[middle] ?? 0) - key || compare(item)
      if (order === 0) return item
      if (order < 0) from = middle + 1
      else to = middle
    }
    return undefined
  }

  /** Whether two items are equal by key and by `compare`. */
  hasEquals(compare: (a: number, b: number) => number): boolean {
    for (let at = 1; at < this.#items.length; at++) {
      if (this.#keys[at - 1] !== this.#keys[at]) continue
      if (compare(this.#items[at - 1] ?? 0, this.#items[at] ?? 0) === 0) return true
    }
    return false
  }

  #sortEquals(compare: (a: number, b: number) => number): void {
    let from = 0
    for (let to = 1; to <= this.#keys.length; to++) {
      if (to < this.#keys.length && this.#keys[to] === this.#keys[from]) continue
      if (to - from > 1) this.#items.subarray(from, to).sort(compare)
      from = to
    }
  }
}

/** A shift by 32 would be one by none. */
function firstOf(key: number, shift: number): number {
  return shift === 32 ? 0 : key >>> shift
}

function placesOf(sorted: Uint32Array, firstBits: number): Uint32Array {
  const places = new Uint32Array(2 ** firstBits + 1)
  for (const key of sorted) {
    const next = firstOf(key, 32 - firstBits) + 1
    places[next] = (places[next] ?? 0) + 1
  }
  for (let first = 1; first < places.length; first++) places[first] = (places[first] ?? 0) + (places[first - 1] ?? 0)
  return places
}

interface Sorted {
  readonly keys: Uint32Array
  readonly items: Uint32Array
}

function sortByKey(keys: Uint32Array): Sorted {
  let from: Sorted = { keys: keys.slice(), items: keys.map((_, item) => item) }
  let to: Sorted = { keys: new Uint32Array(keys.length), items: new Uint32Array(keys.length) }
  for (let shift = 0; shift < 32; shift += PASS_BITS) {
    sortPass(from, to, shift)
    ;[from, to] = [to, from]
  }
  return from
}

/** Stable, by the bits of the key from `shift` on. */
function sortPass(from: Sorted, to: Sorted, shift: number): void {
  const starts = startsOf(from.keys, shift)
  for (let at = 0; at < from.keys.length; at++) {
    const key = from.keys[at] ?? 0
    const digit = (key >>> shift) & (PASS_SIZE - 1)
    const place = starts[digit] ?? 0
    starts[digit] = place + 1
    to.keys[place] = key
    to.items[place] = from.items[at] ?? 0
  }
}

function startsOf(keys: Uint32Array, shift: number): Uint32Array {
  const counts = new Uint32Array(PASS_SIZE + 1)
  for (const key of keys) {
    const next = ((key >>> shift) & (PASS_SIZE - 1)) + 1
    counts[next] = (counts[next] ?? 0) + 1
  }
  for (let digit = 1; digit <= PASS_SIZE; digit++) counts[digit] = (counts[digit] ?? 0) + (counts[digit - 1] ?? 0)
  return counts
}
