// The JWS algorithms of Signet's tokens (RFC 7518 §3.4, RFC 8037 §3.1) and the keys they go with: resolved once from a key,
// never from a token.
import { createHash, createPublicKey } from 'node:crypto'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { TokenRefused } from './errors.ts'

export type TokenAlgorithm = 'ES256' | 'EdDSA'

export const TOKEN_ALGORITHMS: readonly TokenAlgorithm[] = ['ES256', 'EdDSA']

export const TOKEN_KEY_ALGORITHMS = {
  ES256: 'ec-p256',
  EdDSA: 'ed25519',
} as const satisfies Record<TokenAlgorithm, KeyAlgorithmName>

/** A public key as JWKS shows it (RFC 7517 §4), reduced to the members that identify it. */
export type TokenJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }

/** Throws `TokenRefused` (`token_algorithm_unsupported`). */
export function tokenAlgorithmOf(algorithm: KeyAlgorithmName): TokenAlgorithm {
  if (algorithm === TOKEN_KEY_ALGORITHMS.ES256) return 'ES256'
  if (algorithm === TOKEN_KEY_ALGORITHMS.EdDSA) return 'EdDSA'
  throw new TokenRefused('token_algorithm_unsupported', { algorithm })
}

/** SubjectPublicKeyInfo → JWK. Throws `TokenRefused` (`token_algorithm_unsupported`) for any other kind of key. */
export function tokenJwk(publicKey: Uint8Array): TokenJwk {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  return parseTokenJwk(key.export({ format: 'jwk' }))
}

/** The members of a public JWK, and nothing else of it. Throws `TokenRefused` (`token_algorithm_unsupported`). */
export function parseTokenJwk(jwk: object): TokenJwk {
  const { kty, crv, x, y } = jwk as Readonly<Record<string, unknown>>
  if (kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string') return { kty, crv, x, y }
  if (kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string') return { kty, crv, x }
  throw new TokenRefused('token_algorithm_unsupported', { kty: String(kty), crv: String(crv) })
}

/** `kid`: the JWK thumbprint (RFC 7638 §3: required members only, in lexicographic order, no white space), SHA-256. */
export function thumbprint(jwk: TokenJwk): string {
  const members =
    jwk.kty === 'EC' ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { crv: jwk.crv, kty: jwk.kty, x: jwk.x }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}
