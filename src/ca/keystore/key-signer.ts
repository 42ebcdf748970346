// A `Signer` over a key in memory. The key is in a closure behind a private field: no property, JSON or inspection of
// the object leads to it.
import type { KeyObject } from 'node:crypto'
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import type { Signer, SignerPurpose } from '../../domain/signer.ts'
import { PARTS_THREAD } from './parts-thread.ts'
import { algorithmOf, partsOrder, publicKeyOf, type EcdsaForm, type SignBytes, signBytesWith } from './private-key.ts'

/** Certificates, CRLs and OCSP answers carry DER; what JOSE verifies carries r‖s. */
const ECDSA_FORM: Readonly<Record<SignerPurpose, EcdsaForm>> = {
  certificate: 'der',
  crl: 'der',
  ocsp: 'der',
  jwt: 'ieee-p1363',
  snapshot: 'ieee-p1363',
}

export class KeySigner<Purpose extends SignerPurpose> implements Signer<Purpose> {
  readonly purpose: Purpose
  readonly algorithm: KeyAlgorithmName
  readonly publicKey: Uint8Array
  readonly #sign: SignBytes
  readonly #signParts: (parts: readonly Uint8Array[]) => Promise<Uint8Array>

  /** Throws `PrivateKeyRejected` for a key of an algorithm that Signet does not have. */
  constructor(purpose: Purpose, key: KeyObject) {
    this.purpose = purpose
    this.algorithm = algorithmOf(key).name
    this.publicKey = publicKeyOf(key)
    this.#sign = signBytesWith(key, ECDSA_FORM[purpose])
    this.#signParts = (parts) => PARTS_THREAD.run(partsOrder(key, ECDSA_FORM[purpose], parts))
  }

  sign(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#sign(bytes)
  }

  signParts(parts: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.#signParts(parts)
  }
}
