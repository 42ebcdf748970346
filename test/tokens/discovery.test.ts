import { expect, test } from 'vitest'
import { discoveryDocument } from '../../src/tokens/discovery.ts'
import { ISSUER } from './fixture.ts'

test('the metadata document says what is true, under the issuer byte for byte', () => {
  expect(discoveryDocument(ISSUER)).toEqual({
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/.well-known/jwks.json`,
    token_endpoint: `${ISSUER}/v1/tokens`,
    introspection_endpoint: `${ISSUER}/v1/tokens/introspect`,
    revocation_endpoint: `${ISSUER}/v1/tokens/revoke`,
    grant_types_supported: [],
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256', 'EdDSA'],
    token_endpoint_auth_methods_supported: ['tls_client_auth'],
    introspection_endpoint_auth_methods_supported: ['tls_client_auth'],
    revocation_endpoint_auth_methods_supported: ['tls_client_auth'],
    tls_client_certificate_bound_access_tokens: true,
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'project', 'user', 'job', 'act', 'cnf'],
  })
})
