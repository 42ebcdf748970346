// One table of the key algorithms that Signet's own keys and the keys it certifies may have; resolved once and handed on.

export type KeyAlgorithmName =
  'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ed25519' | 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'

export type KeyAlgorithm =
  | { readonly kind: 'ec'; readonly name: KeyAlgorithmName; readonly curve: 'P-256' | 'P-384'; readonly hash: string }
  | { readonly kind: 'rsa'; readonly name: KeyAlgorithmName; readonly modulusBits: number; readonly hash: string }
  | { readonly kind: 'ed25519'; readonly name: KeyAlgorithmName }
  | { readonly kind: 'ml-dsa'; readonly name: KeyAlgorithmName; readonly parameterSet: string }

/** Signature hash: SHA-256 to 128 bits of strength, SHA-384 above (RFC 5758 §3.2, RFC 4055 §5). */
export const KEY_ALGORITHMS: ReadonlyMap<string, KeyAlgorithm> = new Map<string, KeyAlgorithm>([
  ['ec-p256', { kind: 'ec', name: 'ec-p256', curve: 'P-256', hash: 'sha256' }],
  ['ec-p384', { kind: 'ec', name: 'ec-p384', curve: 'P-384', hash: 'sha384' }],
  ['rsa-2048', { kind: 'rsa', name: 'rsa-2048', modulusBits: 2048, hash: 'sha256' }],
  ['rsa-3072', { kind: 'rsa', name: 'rsa-3072', modulusBits: 3072, hash: 'sha256' }],
  ['rsa-4096', { kind: 'rsa', name: 'rsa-4096', modulusBits: 4096, hash: 'sha384' }],
  ['ed25519', { kind: 'ed25519', name: 'ed25519' }],
  ['ml-dsa-44', { kind: 'ml-dsa', name: 'ml-dsa-44', parameterSet: 'ML-DSA-44' }],
  ['ml-dsa-65', { kind: 'ml-dsa', name: 'ml-dsa-65', parameterSet: 'ML-DSA-65' }],
  ['ml-dsa-87', { kind: 'ml-dsa', name: 'ml-dsa-87', parameterSet: 'ML-DSA-87' }],
])
