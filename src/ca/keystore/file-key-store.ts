// The key store that needs no hardware: private keys are sealed bytes in the database, opened into memory at start.
// Which table and row they stand in is the caller's; that they cannot be used elsewhere is the seal's.
import type { Random } from '../../domain/clock.ts'
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import type { Signer, SignerPurpose } from '../../domain/signer.ts'
import { open, seal } from './envelope.ts'
import { KEY_USE_FOR, type KeptKey, type KeyPlace, type KeyStore, type KeyUse } from './key-store.ts'
import { KeySigner } from './key-signer.ts'
import type { MasterKey } from './master-key.ts'
import { generateKey, importPkcs8 } from './private-key.ts'

export class FileKeyStore implements KeyStore {
  readonly #masterKey: MasterKey
  readonly #random: Random

  constructor(masterKey: MasterKey, random: Random) {
    this.#masterKey = masterKey
    this.#random = random
  }

  async generate(
    use: KeyUse,
    algorithm: KeyAlgorithmName,
    placeOf: (publicKey: Uint8Array) => KeyPlace,
  ): Promise<KeptKey> {
    const { publicKey, pkcs8 } = await generateKey(algorithm)
    const sealed = seal(this.#masterKey, pkcs8, { ...placeOf(publicKey), purpose: use }, this.#random)
    pkcs8.fill(0)
    return { algorithm, publicKey, sealed }
  }

  openSigner<Purpose extends SignerPurpose>(purpose: Purpose, sealed: Uint8Array, place: KeyPlace): Signer<Purpose> {
    const pkcs8 = open(this.#masterKey, sealed, { ...place, purpose: KEY_USE_FOR[purpose] })
    const signer = new KeySigner(purpose, importPkcs8(pkcs8))
    pkcs8.fill(0)
    return signer
  }

  openTlsKey(sealed: Uint8Array, place: KeyPlace): string {
    const pkcs8 = open(this.#masterKey, sealed, { ...place, purpose: 'server-tls' satisfies KeyUse })
    const pem = importPkcs8(pkcs8).export({ type: 'pkcs8', format: 'pem' })
    pkcs8.fill(0)
    return pem.toString()
  }
}
