// What everyone but the key stores sees of a private key: something that signs, for one purpose. The purpose is part of
// the type, so that a CRL signer cannot be handed to what makes tokens.
import type { KeyAlgorithmName } from './key-algorithm.ts'

export type SignerPurpose = 'certificate' | 'crl' | 'jwt' | 'ocsp' | 'snapshot'

export interface Signer<Purpose extends SignerPurpose> {
  readonly purpose: Purpose
  readonly algorithm: KeyAlgorithmName
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /**
   * Signs `bytes` with the algorithm's own hash (see KEY_ALGORITHMS). ECDSA signatures are DER for certificates and CRLs
   * and raw r‖s for `jwt` and `snapshot` (RFC 7518 §3.4).
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** The same over bytes that lie in parts, one after the other; absent where nothing long is signed. */
  signParts?(parts: readonly Uint8Array[]): Promise<Uint8Array>
}
