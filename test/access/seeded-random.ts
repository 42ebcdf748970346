// Chance that can be had again: one seed, one sequence (mulberry32: small, and good enough to pick from lists).

export interface Chance {
  readonly below: (bound: number) => number
  readonly pick: <Item>(items: readonly Item[]) => Item
  /** True once in `times`. */
  readonly once: (times: number) => boolean
}

export function seededChance(seed: number): Chance {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    below,
    once: (times) => below(times) === 0,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}
