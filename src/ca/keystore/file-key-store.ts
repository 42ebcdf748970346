// The key store that needs no hardware: private keys are sealed bytes in the database, opened into memory at start.
// Which table and row they stand in is the caller's; that they cannot be used elsewhere is the seal's.
import type { KeyObject } from 'node:crypto'
import type { Random } from '../../domain/clock.ts'
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import type { Signer, SignerPurpose } from '../../domain/signer.ts'
import { open, rewrap, seal, type SealContext, type SealPurpose } from './envelope.ts'
import { MasterKeyRejected, PrivateKeyRejected, SealBroken } from './errors.ts'
import { KeySigner } from './key-signer.ts'
import { type DataKeyUse, type KeyStore, type NewKey, SEALED_AS } from './key-store.ts'
import type { MasterKey } from './master-key.ts'
import { generateKey, importPkcs8 } from './private-key.ts'

/** What others entrust to the service: no key of its own. */
const ENTRUSTED: ReadonlySet<SealPurpose> = new Set<SealPurpose>(['member', 'connector'])

export class FileKeyStore implements KeyStore {
  readonly masterKeys: readonly [string, ...string[]]
  readonly #keys: readonly MasterKey[]
  readonly #random: Random
  /** The private halves of keys that were made here; a key that nobody holds any more takes its half along. */
  readonly #unsealed = new WeakMap<NewKey, Uint8Array>()

  /** The master key of the installation, and the next one while it is being rotated. */
  constructor([first, ...next]: readonly [MasterKey, ...MasterKey[]], random: Random) {
    this.#keys = [first, ...next]
    this.masterKeys = [first.id, ...next.map(({ id }) => id)]
    this.#random = random
  }

  async generate(algorithm: KeyAlgorithmName): Promise<NewKey> {
    const { publicKey, pkcs8 } = await generateKey(algorithm)
    const key: NewKey = { algorithm, publicKey }
    this.#unsealed.set(key, pkcs8)
    return key
  }

  seal(key: NewKey, context: SealContext, under: string): Uint8Array {
    return seal(this.#named(under), this.#halfOf(key), context, this.#random)
  }

  signerOf<Purpose extends SignerPurpose>(purpose: Purpose, key: NewKey): Signer<Purpose> {
    return new KeySigner(purpose, importPkcs8(this.#halfOf(key)))
  }

  openSigner<Purpose extends SignerPurpose>(
    purpose: Purpose,
    sealed: Uint8Array,
    context: SealContext,
  ): Signer<Purpose> {
    return new KeySigner(purpose, this.#import(SEALED_AS[purpose], sealed, context))
  }

  openTlsKey(sealed: Uint8Array, context: SealContext): string {
    return this.#import('tls-server', sealed, context).export({ type: 'pkcs8', format: 'pem' })
  }

  sealEntrusted(secret: Uint8Array, context: SealContext, under: string): Uint8Array {
    if (!ENTRUSTED.has(context.purpose)) throw new SealBroken()
    return seal(this.#named(under), secret, context, this.#random)
  }

  openEntrusted(sealed: Uint8Array, context: SealContext): Uint8Array {
    if (!ENTRUSTED.has(context.purpose)) throw new SealBroken()
    return this.#open(sealed, context).secret
  }

  reseal(sealed: Uint8Array, context: SealContext, to: string, dataKey: DataKeyUse): Uint8Array | 'current' {
    const target = this.#named(to)
    const { by, secret } = this.#open(sealed, context)
    try {
      if (dataKey === 'kept' && by === target) return 'current'
      const again =
        dataKey === 'new'
          ? seal(target, secret, context, this.#random)
          : rewrap(by, target, sealed, context, this.#random)
      // It will replace the only copy of a key.
      open(target, again, context).fill(0)
      return again
    } finally {
      secret.fill(0)
    }
  }

  #import(purpose: SealPurpose, sealed: Uint8Array, context: SealContext): KeyObject {
    if (context.purpose !== purpose) throw new SealBroken()
    const { secret } = this.#open(sealed, context)
    const key = importPkcs8(secret)
    secret.fill(0)
    return key
  }

  /** With whichever master key opens it, and that one. */
  #open(sealed: Uint8Array, context: SealContext): { readonly by: MasterKey; readonly secret: Uint8Array } {
    for (const by of this.#keys) {
      try {
        return { by, secret: open(by, sealed, context) }
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error
      }
    }
    throw new SealBroken()
  }

  #named(id: string): MasterKey {
    const key = this.#keys.find((each) => each.id === id)
    if (key === undefined) throw new MasterKeyRejected('master_key_not_held', { masterKey: id, held: this.masterKeys })
    return key
  }

  #halfOf(key: NewKey): Uint8Array {
    const pkcs8 = this.#unsealed.get(key)
    if (pkcs8 === undefined) throw new PrivateKeyRejected('private_key_malformed', { why: 'not made by this store' })
    return pkcs8
  }
}
