// Step 7p of the decision, before it: whether a presented passphrase is one of a deployment's, within the limits. The outcome is
// a verified fact; that the deployment takes passphrases at all, and which entries are active, the caller knows.
//
// The order matters. Who failed too often is told nothing more, not even that this one is right. One that was seen to hold derives
// no key. Equal ones at the same time are worked out once: when a process starts, all clients of a deployment come at once.
import type { PassphraseEntry } from '../domain/access-policy.ts'
import type { Clock, Random } from '../domain/clock.ts'
import type { BcryptThread } from './bcrypt-thread.ts'
import { isPassphraseOf } from './derive-passphrase.ts'
import { HeldPassphrases } from './held-passphrases.ts'
import type { Gated, KdfGate } from './kdf-gate.ts'
import { MAX_PASSPHRASE_CHARACTERS } from './new-passphrase.ts'
import { type HashParts, parsePassphraseHash } from './passphrase-hash.ts'
import { PassphraseLimit, type PassphraseTry } from './passphrase-limit.ts'

export interface PresentedPassphrase extends PassphraseTry {
  readonly passphrase: string
  /** The active ones; several are for rotation. */
  readonly entries: readonly PassphraseEntry[]
}

export type PassphraseOutcome =
  | { readonly kind: 'held'; readonly entry: PassphraseEntry }
  | { readonly kind: 'refused'; readonly reason: 'PASSPHRASE_INVALID' }
  | { readonly kind: 'refused'; readonly reason: 'RATE_LIMITED'; readonly retryAfterSeconds: number }

/** A derivation takes less. */
const BUSY_SECONDS = 1

const INVALID = { kind: 'refused', reason: 'PASSPHRASE_INVALID' } as const

export class PassphraseCheck {
  readonly #limit: PassphraseLimit
  readonly #held: HeldPassphrases
  readonly #gate: KdfGate
  readonly #thread: BcryptThread
  readonly #nobody: HashParts
  /** Which hash holds, being worked out; by passphrase and hashes. */
  readonly #working = new Map<string, Promise<Gated<string | undefined>>>()

  constructor(parts: {
    readonly clock: Clock
    readonly random: Random
    readonly gate: KdfGate
    readonly bcrypt: BcryptThread
  }) {
    const { clock, random, gate, bcrypt } = parts
    this.#limit = new PassphraseLimit(clock)
    this.#held = new HeldPassphrases(random)
    this.#gate = gate
    this.#thread = bcrypt
    this.#nobody = { kind: 'scrypt', logN: 15, r: 8, p: 1, salt: random(16), hash: random(32) }
  }

  /** Rejects only when a key cannot be derived: the decision is then `PDP_UNAVAILABLE`. */
  async check(presented: PresentedPassphrase): Promise<PassphraseOutcome> {
    const admission = this.#limit.admission(presented)
    if (admission.kind === 'closed') return limited(admission.retryAfterSeconds)
    const passphrase = readable(presented.passphrase)
    const tag = this.#held.tagOf(passphrase ?? '')
    const entry = presented.entries.find(({ hash }) => this.#held.has(tag, hash))
    if (entry !== undefined) return { kind: 'held', entry }
    if (admission.kind === 'open' && passphrase !== undefined) return this.#derive(presented, passphrase, tag)
    this.#limit.count(presented)
    return admission.kind === 'open' ? INVALID : limited(admission.retryAfterSeconds)
  }

  async #derive(presented: PresentedPassphrase, passphrase: string, tag: string): Promise<PassphraseOutcome> {
    const hashes = presented.entries.map(({ hash }) => hash)
    const key = [tag, ...hashes].join(' ')
    const working = this.#working.get(key)
    if (working !== undefined) return this.#follow(presented, working)
    this.#limit.count(presented)
    const began = this.#gate.run(() => this.#holding(passphrase, hashes, tag)).finally(() => this.#working.delete(key))
    this.#working.set(key, began)
    return this.#lead(presented, began)
  }

  /** Its try was counted before; a wrong one stays counted. */
  async #lead(presented: PresentedPassphrase, working: Promise<Gated<string | undefined>>): Promise<PassphraseOutcome> {
    let outcome: PassphraseOutcome | undefined
    try {
      outcome = outcomeOf(presented, await working)
      return outcome
    } finally {
      if (outcome !== INVALID) this.#limit.forgive(presented)
    }
  }

  /** The same passphrase is no further guess while it is worked out, and counts when it was wrong. */
  async #follow(
    presented: PresentedPassphrase,
    working: Promise<Gated<string | undefined>>,
  ): Promise<PassphraseOutcome> {
    const outcome = outcomeOf(presented, await working)
    if (outcome === INVALID) this.#limit.count(presented)
    return outcome
  }

  /** One after the other, in one turn of the gate. Where there is none, one is worked out that nobody has. */
  async #holding(passphrase: string, hashes: readonly string[], tag: string): Promise<string | undefined> {
    if (hashes.length === 0) await isPassphraseOf(passphrase, this.#nobody, this.#thread)
    for (const hash of hashes) {
      if (!(await isPassphraseOf(passphrase, parsePassphraseHash(hash), this.#thread))) continue
      this.#held.add(tag, hash)
      return hash
    }
    return undefined
  }
}

function outcomeOf({ entries }: PresentedPassphrase, worked: Gated<string | undefined>): PassphraseOutcome {
  if (worked.kind === 'busy') return limited(BUSY_SECONDS)
  const entry = entries.find(({ hash }) => hash === worked.result)
  return entry === undefined ? INVALID : { kind: 'held', entry }
}

function limited(retryAfterSeconds: number): {
  readonly kind: 'refused'
  readonly reason: 'RATE_LIMITED'
  readonly retryAfterSeconds: number
} {
  return { kind: 'refused', reason: 'RATE_LIMITED', retryAfterSeconds }
}

/** NFC (RFC 8265 §4.2). Undefined for what is nobody's passphrase: empty, overlong, with control characters or half a pair. */
function readable(passphrase: string): string | undefined {
  if (passphrase === '' || passphrase.length > MAX_PASSPHRASE_CHARACTERS) return undefined
  if (/\p{Cc}/u.test(passphrase) || !passphrase.isWellFormed()) return undefined
  return passphrase.normalize('NFC')
}
