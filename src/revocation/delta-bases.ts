// Which complete CRL a delta has as its base (RFC 5280 §5.2.4). A relying party can use every delta whose base is not newer than
// the complete CRL that it has; so the base is the newest one that is old enough for all who have one that is still good. Pure.
import { addSeconds } from '../domain/clock.ts'
import type { CrlBase, CrlFacts } from './crl-store.ts'

export class DeltaBases {
  /** The oldest first. */
  #candidates: CrlBase[] = []

  /** A complete CRL was published; one of them in `everySeconds` is enough. */
  add({ number, coversRevision }: Pick<CrlFacts, 'number' | 'coversRevision'>, everySeconds: number): void {
    const last = this.#candidates.at(-1)
    if (last !== undefined && number - last.number < everySeconds) return
    this.#candidates.push({ number, coversRevision })
  }

  /** The base for now; `isKnown`: whether all changes since are. Those before it are forgotten. Undefined: none will do. */
  choose(now: Date, ageSeconds: number, isKnown: (base: CrlBase) => boolean): CrlBase | undefined {
    const oldEnough = addSeconds(now, -ageSeconds).getTime() / 1000
    // A CRL number is at least the Unix time at which its CRL was made.
    const last = this.#candidates.findLastIndex(({ number }) => number <= oldEnough)
    this.#candidates = this.#candidates.slice(Math.max(last, 0)).filter(isKnown)
    return this.#candidates[0]
  }
}
