// Token issuer metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2). There is no authorization endpoint: the one OAuth grant
// is token exchange (RFC 8693); other tokens are asked for with the caller's client certificate, in Signet's own JSON.
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'

export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'

export interface DiscoveryDocument {
  readonly issuer: string
  readonly jwks_uri: string
  readonly token_endpoint: string
  readonly introspection_endpoint: string
  readonly revocation_endpoint: string
  readonly grant_types_supported: readonly [typeof TOKEN_EXCHANGE_GRANT]
  readonly response_types_supported: readonly ['id_token']
  readonly subject_types_supported: readonly ['public']
  readonly id_token_signing_alg_values_supported: readonly TokenAlgorithm[]
  readonly token_endpoint_auth_methods_supported: readonly ['tls_client_auth', 'none']
  readonly introspection_endpoint_auth_methods_supported: readonly ['tls_client_auth']
  readonly revocation_endpoint_auth_methods_supported: readonly ['tls_client_auth']
  readonly tls_client_certificate_bound_access_tokens: true
  readonly claims_supported: readonly string[]
}

/**
 * The document of `issuer`: a URL without a slash at its end, compared byte for byte with `iss` (RFC 8414 §3.3). OpenID
 * asks that RS256 be among the algorithms (§3); it is where the installation signs with it. `id_token` is said, as other
 * issuers without sign-in say it (Kubernetes): the clouds register no issuer with an empty list.
 */
export function discoveryDocument(issuer: string, algorithms: readonly TokenAlgorithm[]): DiscoveryDocument {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    token_endpoint: `${issuer}/v1/tokens/exchange`,
    introspection_endpoint: `${issuer}/v1/tokens/introspect`,
    revocation_endpoint: `${issuer}/v1/tokens/revoke`,
    grant_types_supported: [TOKEN_EXCHANGE_GRANT],
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
    // `none`: a workload that shows a token of its own cluster is named by that token alone.
    token_endpoint_auth_methods_supported: ['tls_client_auth', 'none'],
    introspection_endpoint_auth_methods_supported: ['tls_client_auth'],
    revocation_endpoint_auth_methods_supported: ['tls_client_auth'],
    tls_client_certificate_bound_access_tokens: true,
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'project', 'user', 'job', 'act', 'cnf'],
  }
}
