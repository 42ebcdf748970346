// The contract of a key store: it makes the service's own keys and hands out what signs with them. A key leaves it sealed
// or as a `Signer`, never in clear, but for the TLS key, which `node:tls` takes in no other way, and a member's own key in
// custody, which is handed over. `FileKeyStore` keeps keys as sealed bytes; an HSM would seal a handle.
//
// While the master key is rotated a store holds two. It opens with either; which one seals is not its choice: the database
// says it, and whoever seals reads it under a lock in the transaction that writes the row.
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import type { Signer, SignerPurpose } from '../../domain/signer.ts'
import type { SealContext, SealPurpose } from './envelope.ts'

/** Which kind of sealed key signs for which purpose: an issuer signs its own CRLs (CP §6.1.7), all others do one thing. */
export const SEALED_AS = {
  certificate: 'issuer',
  crl: 'issuer',
  jwt: 'jwt',
  ocsp: 'ocsp',
  snapshot: 'snapshot',
} as const satisfies Record<SignerPurpose, SealPurpose>

/** A key that was made and is not kept yet. Only the store that made it can seal it. */
export interface NewKey {
  readonly algorithm: KeyAlgorithmName
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
}

export interface KeyStore {
  /** Ids of the master keys that it holds: the one of the installation, then the next one while that is announced. */
  readonly masterKeys: readonly [string, ...string[]]
  /** Throws `PrivateKeyRejected` (`key_algorithm_unsupported`) for an algorithm that this store cannot keep. */
  generate(algorithm: KeyAlgorithmName): Promise<NewKey>
  /**
   * What the database keeps of a key, openable at this place alone. `under` is the id of the master key. Throws
   * `PrivateKeyRejected` for another store's key, `MasterKeyRejected` (`master_key_not_held`).
   */
  seal(key: NewKey, context: SealContext, under: string): Uint8Array
  /** Signs with a key that is not kept yet. Throws `PrivateKeyRejected` for another store's key. */
  signerOf<Purpose extends SignerPurpose>(purpose: Purpose, key: NewKey): Signer<Purpose>
  /** Throws `SealBroken` unless `sealed` was made for this place and purpose under a master key that it holds. */
  openSigner<Purpose extends SignerPurpose>(purpose: Purpose, sealed: Uint8Array, context: SealContext): Signer<Purpose>
  /** The service's own TLS key as PKCS#8 PEM. Throws `SealBroken`, also for a key that was sealed for anything else. */
  openTlsKey(sealed: Uint8Array, context: SealContext): string
  /** Keeps what belongs to a member or to a connector: not one of our own keys. Throws `SealBroken` for a place of another purpose. */
  sealEntrusted(secret: Uint8Array, context: SealContext, under: string): Uint8Array
  /** For the member, or for where the connector leads. Throws `SealBroken`, also for what was sealed for anything else. */
  openEntrusted(sealed: Uint8Array, context: SealContext): Uint8Array
  /**
   * The same secret under the master key `to`: with the data key that it has, or with a new one. `current` when the data key
   * may stay and `to` wraps it already. Throws `SealBroken` for what opens under no master key that it holds.
   */
  reseal(sealed: Uint8Array, context: SealContext, to: string, dataKey: DataKeyUse): Uint8Array | 'current'
}

/** A data key that may have leaked with the old master key is replaced. */
export type DataKeyUse = 'kept' | 'new'
