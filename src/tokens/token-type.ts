// The registered `typ` of each use of a JWT (RFC 8725 §3.11): one table, so that two uses cannot share a name, and a token
// of one use is refused by the consumers of every other.

export type TokenType =
  'at+jwt' | 'session+jwt' | 'attempt+jwt' | 'code+jwt' | 'identity+jwt' | 'snapshot+jwt' | 'checkpoint+jwt'

export interface TokenUse {
  readonly typ: TokenType
  /** Who accepts it. */
  readonly consumer: string
}

export const TOKEN_TYPES: Readonly<Record<TokenType, TokenUse>> = {
  'at+jwt': { typ: 'at+jwt', consumer: 'a deployment or service, on behalf of a caller (RFC 9068 §2.1)' },
  'session+jwt': { typ: 'session+jwt', consumer: 'Signet itself, for a person who signed in' },
  'attempt+jwt': { typ: 'attempt+jwt', consumer: 'Signet itself, for a browser that a provider sends back' },
  'code+jwt': { typ: 'code+jwt', consumer: 'Signet itself, once, for the program whose browser signed in' },
  'identity+jwt': { typ: 'identity+jwt', consumer: 'a server behind a proxy, told who the proxy let in' },
  'snapshot+jwt': { typ: 'snapshot+jwt', consumer: 'one sidecar, for the policy that it enforces' },
  'checkpoint+jwt': { typ: 'checkpoint+jwt', consumer: 'the same sidecar, for what has changed since' },
}

export function isTokenType(text: string): text is TokenType {
  return Object.hasOwn(TOKEN_TYPES, text)
}
