// The contract of a key store: it makes the service's own keys and hands out what signs with them. A key leaves it sealed
// or as a `Signer`, never in clear, but for the TLS key, which `node:tls` takes in no other way, and a member's own key in
// custody, which is handed over. `FileKeyStore` keeps keys
// as sealed bytes; an HSM would seal a handle.
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
  /** Throws `PrivateKeyRejected` (`key_algorithm_unsupported`) for an algorithm that this store cannot keep. */
  generate(algorithm: KeyAlgorithmName): Promise<NewKey>
  /** What the database keeps of a key, openable at this place alone. Throws `PrivateKeyRejected` for another store's key. */
  seal(key: NewKey, context: SealContext): Uint8Array
  /** Throws `SealBroken` unless `sealed` was made for this place and purpose under this master key. */
  openSigner<Purpose extends SignerPurpose>(purpose: Purpose, sealed: Uint8Array, context: SealContext): Signer<Purpose>
  /** The service's own TLS key as PKCS#8 PEM. Throws `SealBroken`, also for a key that was sealed for anything else. */
  openTlsKey(sealed: Uint8Array, context: SealContext): string
  /** Keeps what belongs to a member: not one of our own keys. Throws `SealBroken` for a place of another purpose. */
  sealForMember(secret: Uint8Array, context: SealContext): Uint8Array
  /** For the member. Throws `SealBroken`, also for what was sealed for anything else. */
  openForMember(sealed: Uint8Array, context: SealContext): Uint8Array
}
