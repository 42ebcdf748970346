// Chance that can be had again: xorshift32 (Marsaglia 2003), from a seed that a failing test prints.

/** Each call gives a number from 0 up to, and without, 1. */
export function seededRandom(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
