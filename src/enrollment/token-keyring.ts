// The token keys of an installation as this process holds them: which one signs, which ones verify, what JWKS shows. Keys
// are made ahead of their time and shared through the database; two processes that make one each do no harm.
import type { KeyStore } from '../ca/keystore/key-store.ts'
import type { Clock } from '../domain/clock.ts'
import { type Quarantine, requireNoQuarantine } from '../domain/quarantine.ts'
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import { TokenRefused } from '../tokens/errors.ts'
import { TOKEN_KEY_ALGORITHMS, tokenJwk } from '../tokens/token-algorithm.ts'
import {
  jwks,
  type JwksDocument,
  keyToSign,
  nextKeyDue,
  parseTokenKeyRecord,
  planTokenKey,
  type TokenKey,
  tokenKeyRecord,
} from '../tokens/token-key.ts'
import type { TokenPolicy } from '../tokens/token-policy.ts'
import { makeTokenSigner, type TokenSigner } from '../tokens/token-signer.ts'
import { type VerificationKeys, verificationKeys } from '../tokens/verify-token.ts'
import type { Acts } from './unit-of-work.ts'
import { tokenKeyContext } from './sealed-keys.ts'

export interface TokenKeyringParts {
  readonly acts: Acts
  readonly keyStore: KeyStore
  readonly installation: string
  /** Asked before each token. */
  readonly quarantine: () => Quarantine
  readonly policy: TokenPolicy
  readonly clock: Clock
  /** What it signs with; the first one when nobody asks for another. */
  readonly algorithms: readonly [TokenAlgorithm, ...TokenAlgorithm[]]
}

export class TokenKeyring {
  readonly #parts: TokenKeyringParts
  #keys: readonly TokenKey[] = []
  readonly #signers = new Map<string, TokenSigner>()
  #verification: { readonly at: number; readonly keys: VerificationKeys } | undefined

  constructor(parts: TokenKeyringParts) {
    this.#parts = parts
  }

  /** Also of algorithms that are no longer signed with: their keys verify until their last token has expired. */
  get algorithms(): readonly TokenAlgorithm[] {
    return this.#parts.algorithms
  }

  /** Reads the keys anew: at start, and when another process has made one. */
  async load(): Promise<void> {
    const { acts, keyStore, installation, clock } = this.#parts
    const records = await acts.run((tx) => tx.tokenKeys(clock.now()))
    for (const { kid, sealedKey } of records) {
      if (this.#signers.has(kid)) continue
      this.#signers.set(kid, makeTokenSigner(keyStore.openSigner('jwt', sealedKey, tokenKeyContext(installation, kid))))
    }
    this.#keys = records.map(parseTokenKeyRecord)
    this.#verification = undefined
  }

  /** Reads the keys anew, makes those that are due, and gives the instant at which to look again. */
  async keepUp(): Promise<Date> {
    await this.load()
    return this.rotateDue()
  }

  /** Makes the keys that are due, and gives the instant at which to look again. */
  async rotateDue(): Promise<Date> {
    const { policy, clock, algorithms } = this.#parts
    for (const algorithm of algorithms) {
      if (nextKeyDue(this.#keys, algorithm, clock.now(), policy) <= clock.now()) await this.#make(algorithm)
    }
    const next = algorithms.map((algorithm) => nextKeyDue(this.#keys, algorithm, clock.now(), policy).getTime())
    return new Date(Math.min(...next))
  }

  async #make(algorithm: TokenAlgorithm): Promise<void> {
    const { acts, keyStore, installation, policy, clock } = this.#parts
    // On a thread of its own: an RSA key takes seconds.
    const made = await keyStore.generate(TOKEN_KEY_ALGORITHMS[algorithm])
    const at = clock.now()
    const key = planTokenKey({ algorithm, publicJwk: tokenJwk(made.publicKey) }, this.#keys, at, policy)
    await acts.run(async (tx) => {
      const sealedKey = keyStore.seal(made, tokenKeyContext(installation, key.kid), await tx.sealingKey('share'))
      await tx.insertTokenKey(tokenKeyRecord(key, sealedKey))
      await tx.change({ kind: 'token-key', kid: key.kid })
      const details = { algorithm, signsFrom: key.signsFrom.toISOString(), signsUntil: key.signsUntil.toISOString() }
      await tx.audit({
        at,
        actor: 'system',
        act: 'token-key.add',
        object: `token-key:${key.kid}`,
        requestId: '',
        details,
      })
    })
    await this.load()
  }

  /** Throws `TokenRefused` (`token_algorithm_unsupported`, `token_key_none`), `Quarantined`. */
  signer(algorithm: TokenAlgorithm = this.#parts.algorithms[0]): TokenSigner {
    requireNoQuarantine(this.#parts.quarantine())
    const { algorithms, clock } = this.#parts
    if (!algorithms.includes(algorithm)) {
      throw new TokenRefused('token_algorithm_unsupported', { algorithm, supported: algorithms })
    }
    const { kid } = keyToSign(this.#keys, algorithm, clock.now())
    const signer = this.#signers.get(kid)
    if (signer === undefined) throw new Error(`token key ${kid} was loaded without its signer`)
    return signer
  }

  jwks(now: Date): JwksDocument {
    return jwks(this.#keys, now)
  }

  /** Made anew once a second, since a key's time may have come or gone. */
  verificationKeys(now: Date): VerificationKeys {
    const second = Math.floor(now.getTime() / 1000)
    if (this.#verification?.at !== second) this.#verification = { at: second, keys: verificationKeys(this.#keys, now) }
    return this.#verification.keys
  }
}
