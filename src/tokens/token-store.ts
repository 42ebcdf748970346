// Tokens and token keys, as a transaction keeps them. A token is recorded (who holds it, who asked) and never stored.
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import type { Page, PageRequest } from '../domain/transactions.ts'

export interface TokenRecord {
  readonly jti: string
  readonly subject: string
  readonly audience: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** Who asked: an actor as audit events write it. */
  readonly requester: string
  /** Serial of the certificate that bought it, when one did. */
  readonly certificateSerial?: string
  readonly revokedAt?: Date
}

export interface TokenKeyRecord {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  /** The public JWK as JSON. */
  readonly publicJwk: string
  readonly sealedKey: Uint8Array
  readonly createdAt: Date
  readonly signsFrom: Date
  readonly signsUntil: Date
  readonly publishedUntil: Date
}

export interface TokenStore {
  insertToken(record: TokenRecord): Promise<void>
  token(jti: string): Promise<TokenRecord | undefined>
  /** Keeps the first date when it is revoked again. */
  revokeToken(jti: string, at: Date): Promise<void>
  /** Unexpired, unrevoked tokens of a subject. */
  liveTokensOf(subject: string, at: Date): Promise<readonly TokenRecord[]>
  /** Unexpired, unrevoked tokens that `requester` asked for on behalf of somebody else. */
  liveTokensForOthers(requester: string, at: Date): Promise<readonly TokenRecord[]>
  listTokens(requester: string, page: PageRequest): Promise<Page<TokenRecord>>
  /** Audiences of unexpired, unrevoked tokens, each once, by name. */
  liveTokenAudiences(at: Date): Promise<readonly string[]>
  insertTokenKey(record: TokenKeyRecord): Promise<void>
  /** When a key signs and is published, and nothing else of it. */
  setTokenKeyLife(life: Pick<TokenKeyRecord, 'kid' | 'signsFrom' | 'signsUntil' | 'publishedUntil'>): Promise<void>
  /** Keys that are still published after `at`, oldest first. */
  tokenKeys(at: Date): Promise<readonly TokenKeyRecord[]>
}
