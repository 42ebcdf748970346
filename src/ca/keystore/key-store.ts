// The contract of a key store: it makes the service's own keys and hands out what signs with them. A key leaves it sealed
// or as a `Signer`, never in clear. `FileKeyStore` keeps keys as sealed bytes; an HSM would keep a sealed handle.
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import type { Signer, SignerPurpose } from '../../domain/signer.ts'
import type { SealContext } from './envelope.ts'

/** What a kept key is for. It is part of what the seal authenticates, so that no row can be used as one of another kind. */
export type KeyUse = 'issuing-ca' | 'token-key' | 'ocsp-responder' | 'snapshot-signer' | 'server-tls'

/** Which kind of key signs for which purpose: an issuing CA signs its own CRLs (CP §6.1.7), all others do one thing. */
export const KEY_USE_FOR = {
  certificate: 'issuing-ca',
  crl: 'issuing-ca',
  jwt: 'token-key',
  ocsp: 'ocsp-responder',
  snapshot: 'snapshot-signer',
} as const satisfies Record<SignerPurpose, KeyUse>

/** Where a sealed key stands: installation, table, row, whose it is and which version. */
export type KeyPlace = Omit<SealContext, 'purpose'>

export interface KeptKey {
  readonly algorithm: KeyAlgorithmName
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** What the database keeps. */
  readonly sealed: Uint8Array
}

export interface KeyStore {
  /**
   * A new key for `use`. `placeOf` is told the public key, since the row of a token key or an issuer is often named after
   * it. Throws `PrivateKeyRejected` (`key_algorithm_unsupported`) for an algorithm that this store cannot keep.
   */
  generate(use: KeyUse, algorithm: KeyAlgorithmName, placeOf: (publicKey: Uint8Array) => KeyPlace): Promise<KeptKey>
  /** Throws `SealBroken` unless `sealed` was made for this purpose, at this place, under this master key. */
  openSigner<Purpose extends SignerPurpose>(purpose: Purpose, sealed: Uint8Array, place: KeyPlace): Signer<Purpose>
  /** The service's own TLS key as PKCS#8 PEM, the one form that `node:tls` takes. Throws `SealBroken`. */
  openTlsKey(sealed: Uint8Array, place: KeyPlace): string
}
