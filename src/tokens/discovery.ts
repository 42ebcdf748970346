// Token issuer metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2): only what is true. There is no authorization
// endpoint and no OAuth grant: a token is asked for with the caller's client certificate, in Signet's own JSON.
import { type TokenAlgorithm, TOKEN_ALGORITHMS } from './token-algorithm.ts'

export interface DiscoveryDocument {
  readonly issuer: string
  readonly jwks_uri: string
  readonly token_endpoint: string
  readonly introspection_endpoint: string
  readonly revocation_endpoint: string
  /** Empty, and said: left out, RFC 8414 reads it as authorization_code and implicit. */
  readonly grant_types_supported: readonly []
  readonly response_types_supported: readonly []
  readonly subject_types_supported: readonly ['public']
  readonly id_token_signing_alg_values_supported: readonly TokenAlgorithm[]
  readonly token_endpoint_auth_methods_supported: readonly ['tls_client_auth']
  readonly introspection_endpoint_auth_methods_supported: readonly ['tls_client_auth']
  readonly revocation_endpoint_auth_methods_supported: readonly ['tls_client_auth']
  readonly tls_client_certificate_bound_access_tokens: true
  readonly claims_supported: readonly string[]
}

/**
 * The document of `issuer`: a URL without a slash at its end, compared byte for byte with `iss` (RFC 8414 §3.3). OpenID
 * asks that RS256 be among the algorithms (§3); no key of ours signs with it, so it is not.
 */
export function discoveryDocument(issuer: string): DiscoveryDocument {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    token_endpoint: `${issuer}/v1/tokens`,
    introspection_endpoint: `${issuer}/v1/tokens/introspect`,
    revocation_endpoint: `${issuer}/v1/tokens/revoke`,
    grant_types_supported: [],
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: TOKEN_ALGORITHMS,
    token_endpoint_auth_methods_supported: ['tls_client_auth'],
    introspection_endpoint_auth_methods_supported: ['tls_client_auth'],
    revocation_endpoint_auth_methods_supported: ['tls_client_auth'],
    tls_client_certificate_bound_access_tokens: true,
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'project', 'user', 'job', 'act', 'cnf'],
  }
}
