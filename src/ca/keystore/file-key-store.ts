// The key store that needs no hardware: private keys are sealed bytes in the database, opened into memory at start.
// Which table and row they stand in is the caller's; that they cannot be used elsewhere is the seal's.
import type { KeyObject } from 'node:crypto'
import type { Random } from '../../domain/clock.ts'
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import type { Signer, SignerPurpose } from '../../domain/signer.ts'
import { open, seal, type SealContext, type SealPurpose } from './envelope.ts'
import { PrivateKeyRejected, SealBroken } from './errors.ts'
import { KeySigner } from './key-signer.ts'
import { type KeyStore, type NewKey, SEALED_AS } from './key-store.ts'
import type { MasterKey } from './master-key.ts'
import { generateKey, importPkcs8 } from './private-key.ts'

export class FileKeyStore implements KeyStore {
  readonly #masterKey: MasterKey
  readonly #random: Random
  /** The private halves of keys that were made here; a key that nobody holds any more takes its half along. */
  readonly #unsealed = new WeakMap<NewKey, Uint8Array>()

  constructor(masterKey: MasterKey, random: Random) {
    this.#masterKey = masterKey
    this.#random = random
  }

  async generate(algorithm: KeyAlgorithmName): Promise<NewKey> {
    const { publicKey, pkcs8 } = await generateKey(algorithm)
    const key: NewKey = { algorithm, publicKey }
    this.#unsealed.set(key, pkcs8)
    return key
  }

  seal(key: NewKey, context: SealContext): Uint8Array {
    const pkcs8 = this.#unsealed.get(key)
    if (pkcs8 === undefined) throw new PrivateKeyRejected('private_key_malformed', { why: 'not made by this store' })
    return seal(this.#masterKey, pkcs8, context, this.#random)
  }

  openSigner<Purpose extends SignerPurpose>(
    purpose: Purpose,
    sealed: Uint8Array,
    context: SealContext,
  ): Signer<Purpose> {
    return new KeySigner(purpose, this.#open(SEALED_AS[purpose], sealed, context))
  }

  openTlsKey(sealed: Uint8Array, context: SealContext): string {
    return this.#open('tls-server', sealed, context).export({ type: 'pkcs8', format: 'pem' })
  }

  sealForMember(secret: Uint8Array, context: SealContext): Uint8Array {
    if (context.purpose !== 'member') throw new SealBroken()
    return seal(this.#masterKey, secret, context, this.#random)
  }

  openForMember(sealed: Uint8Array, context: SealContext): Uint8Array {
    if (context.purpose !== 'member') throw new SealBroken()
    return open(this.#masterKey, sealed, context)
  }

  #open(purpose: SealPurpose, sealed: Uint8Array, context: SealContext): KeyObject {
    if (context.purpose !== purpose) throw new SealBroken()
    const pkcs8 = open(this.#masterKey, sealed, context)
    const key = importPkcs8(pkcs8)
    pkcs8.fill(0)
    return key
  }
}
