import { expect, test } from 'vitest'
import { discoveryDocument } from '../../src/tokens/discovery.ts'
import { ISSUER } from './fixture.ts'

test('the metadata document says what is true, under the issuer byte for byte', () => {
  expect(discoveryDocument(ISSUER, ['RS256', 'ES256'])).toEqual({
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/.well-known/jwks.json`,
    token_endpoint: `${ISSUER}/v1/tokens/exchange`,
    introspection_endpoint: `${ISSUER}/v1/tokens/introspect`,
    revocation_endpoint: `${ISSUER}/v1/tokens/revoke`,
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    token_endpoint_auth_methods_supported: ['tls_client_auth', 'none'],
    introspection_endpoint_auth_methods_supported: ['tls_client_auth'],
    revocation_endpoint_auth_methods_supported: ['tls_client_auth'],
    tls_client_certificate_bound_access_tokens: true,
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'project', 'user', 'job', 'act', 'cnf'],
  })
})
