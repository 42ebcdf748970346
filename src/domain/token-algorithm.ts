// The JWS algorithms that Signet's tokens may be signed with (RFC 7518 §3.1, RFC 8037 §3.1), in the order of preference.

export type TokenAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

export const TOKEN_ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const satisfies readonly TokenAlgorithm[]
