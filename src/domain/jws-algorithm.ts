// The JWS algorithm that goes with each key (RFC 7518 §3.1, RFC 8037 §3.1): whoever verifies takes it from the certified
// key, never from a header (RFC 8725 §3.1). Not for access tokens, which fewer algorithms may sign (domain/token-algorithm.ts).
import { createPublicKey, verify } from 'node:crypto'
import type { KeyAlgorithmName } from './key-algorithm.ts'

/** JOSE name, and the hash that Node's `sign` and `verify` take: null where the algorithm has its own. */
export interface JwsAlgorithm {
  readonly alg: string
  readonly hash: string | null
}

export const JWS_ALGORITHMS: Readonly<Record<KeyAlgorithmName, JwsAlgorithm>> = {
  'ec-p256': { alg: 'ES256', hash: 'sha256' },
  'ec-p384': { alg: 'ES384', hash: 'sha384' },
  'rsa-2048': { alg: 'RS256', hash: 'sha256' },
  'rsa-3072': { alg: 'RS256', hash: 'sha256' },
  'rsa-4096': { alg: 'RS384', hash: 'sha384' },
  ed25519: { alg: 'EdDSA', hash: null },
  'ml-dsa-44': { alg: 'ML-DSA-44', hash: null },
  'ml-dsa-65': { alg: 'ML-DSA-65', hash: null },
  'ml-dsa-87': { alg: 'ML-DSA-87', hash: null },
}

export interface SignedParts {
  /** What the header says. */
  readonly alg: string
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
}

/** Whether this key signed it, with the one algorithm that goes with it. `spki`: SubjectPublicKeyInfo, DER. */
export function isSignedBy(
  { alg, signingInput, signature }: SignedParts,
  spki: Uint8Array,
  algorithm: KeyAlgorithmName,
): boolean {
  const expected = JWS_ALGORITHMS[algorithm]
  if (alg !== expected.alg) return false
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return verify(expected.hash, signingInput, { key, dsaEncoding: 'ieee-p1363' }, signature)
}
