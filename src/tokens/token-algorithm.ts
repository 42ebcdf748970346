// The keys that go with the algorithms of Signet's tokens (RFC 7518 §3.3, §3.4, RFC 8037 §3.1): resolved once from a key, never
// from a token.
import { createHash, createPublicKey } from 'node:crypto'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from '../domain/token-algorithm.ts'
import { TokenRefused } from './errors.ts'

/** RSA with 3072 bits: as strong as the curves (NIST SP 800-57 part 1 §5.6.1). RFC 7518 §3.3 asks for 2048 at least. */
export const TOKEN_KEY_ALGORITHMS = {
  ES256: 'ec-p256',
  EdDSA: 'ed25519',
  RS256: 'rsa-3072',
} as const satisfies Record<TokenAlgorithm, KeyAlgorithmName>

/** A public key as JWKS shows it (RFC 7517 §4), reduced to the members that identify it. */
export type TokenJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }

/** Throws `TokenRefused` (`token_algorithm_unsupported`). */
export function tokenAlgorithmOf(algorithm: KeyAlgorithmName): TokenAlgorithm {
  const found = TOKEN_ALGORITHMS.find((each) => TOKEN_KEY_ALGORITHMS[each] === algorithm)
  if (found === undefined) throw new TokenRefused('token_algorithm_unsupported', { algorithm })
  return found
}

/** SubjectPublicKeyInfo → JWK. Throws `TokenRefused` (`token_algorithm_unsupported`) for any other kind of key. */
export function tokenJwk(publicKey: Uint8Array): TokenJwk {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  return parseTokenJwk(key.export({ format: 'jwk' }))
}

/** The members of a public JWK, and nothing else of it. Throws `TokenRefused` (`token_algorithm_unsupported`). */
export function parseTokenJwk(jwk: object): TokenJwk {
  const { kty, crv, x, y, n, e } = jwk as Readonly<Record<string, unknown>>
  if (kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string') return { kty, crv, x, y }
  if (kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string') return { kty, crv, x }
  if (kty === 'RSA' && typeof n === 'string' && typeof e === 'string') return { kty, n, e }
  throw new TokenRefused('token_algorithm_unsupported', { kty: String(kty), crv: String(crv) })
}

/** The one algorithm that a key of this kind signs with. */
export function algorithmOfJwk({ kty }: TokenJwk): TokenAlgorithm {
  return kty === 'EC' ? 'ES256' : kty === 'OKP' ? 'EdDSA' : 'RS256'
}

/** `kid`: the JWK thumbprint (RFC 7638 §3: required members only, in lexicographic order, no white space), SHA-256. */
export function thumbprint(jwk: TokenJwk): string {
  return createHash('sha256')
    .update(JSON.stringify(requiredMembers(jwk)))
    .digest('base64url')
}

function requiredMembers(jwk: TokenJwk): object {
  switch (jwk.kty) {
    case 'EC':
      return { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
    case 'OKP':
      return { crv: jwk.crv, kty: jwk.kty, x: jwk.x }
    case 'RSA':
      return { e: jwk.e, kty: jwk.kty, n: jwk.n }
    default:
      return jwk satisfies never
  }
}
