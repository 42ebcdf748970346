// Which passphrases were seen to hold, so that a warm call derives no key. It keeps no passphrase, but a digest under a key that
// lives and dies with the process; and it is bounded: what was used longest ago goes.
//
// What is kept names the hash that the passphrase was held against. An entry that is gone or has another hash is never asked for
// again, and nobody has to tell this cache.
import { createHmac } from 'node:crypto'
import type { Random } from '../domain/clock.ts'

/** An entry takes about 300 bytes. */
const MAX_HELD = 20_000

const KEY_BYTES = 32

export class HeldPassphrases {
  readonly #key: Uint8Array
  readonly #maxHeld: number
  readonly #held = new Set<string>()

  constructor(random: Random, maxHeld = MAX_HELD) {
    this.#key = random(KEY_BYTES)
    this.#maxHeld = maxHeld
  }

  get size(): number {
    return this.#held.size
  }

  /** What a passphrase is called here. Equal for equal ones in this process, and worth nothing outside of it. */
  tagOf(passphrase: string): string {
    return createHmac('sha256', this.#key).update(passphrase).digest('base64url')
  }

  has(tag: string, hash: string): boolean {
    const key = tag + hash
    if (!this.#held.delete(key)) return false
    this.#held.add(key)
    return true
  }

  add(tag: string, hash: string): void {
    this.#held.add(tag + hash)
    if (this.#held.size <= this.#maxHeld) return
    for (const oldest of this.#held) {
      this.#held.delete(oldest)
      return
    }
  }
}
