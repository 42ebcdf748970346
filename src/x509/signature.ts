// Verifies what others signed: one place for certificates, CRLs, OCSP and certification requests. The algorithm must
// belong to the key; weak and unknown algorithms never verify.
import { constants, verify } from 'node:crypto'
import type { SignatureAlgorithm, SignatureScheme } from './algorithm-identifier.ts'
import type { PublicKey } from './public-key.ts'

/** Whether `signature` over `bytes` was made with the private half of `key`. Throws `KeyRejected` for a key that is none. */
export function verifyBytes(
  bytes: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  key: PublicKey,
): boolean {
  const scheme = algorithm.scheme
  if (!belongsTo(scheme, key)) return false
  const keyObject = key.keyObject()
  const options = scheme.kind === 'rsa-pss' ? pssOptions(scheme.saltBytes) : undefined
  const hash = 'hash' in scheme ? scheme.hash : null
  return options === undefined
    ? verify(hash, bytes, keyObject, signature)
    : verify(hash, bytes, { key: keyObject, ...options }, signature)
}

/** Whether a key of this kind makes signatures of this scheme. */
export function belongsTo(scheme: SignatureScheme, key: PublicKey): boolean {
  if (scheme.kind === 'rsa-pss') return key.kind === 'rsa'
  if (scheme.kind === 'ml-dsa') return key.algorithm === scheme.algorithm
  return scheme.kind === key.kind
}

function pssOptions(saltLength: number): { readonly padding: number; readonly saltLength: number } {
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}
