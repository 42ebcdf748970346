// What tokens are refused for, as one union. A verifier's codes say what a client may do about it, and no more.
import { CodedError } from '../domain/coded-error.ts'

/** Why a token is not accepted: the codes of the decision (step 7t), in lower case. */
export type TokenRejectedCode =
  | 'token_malformed'
  | 'token_type'
  | 'token_signature'
  | 'token_issuer'
  | 'token_audience'
  | 'token_expired'
  | 'token_key_unknown'
  | 'token_revoked'
  | 'token_binding'

/** Why a token is not issued. */
export type TokenRefusedCode =
  | 'token_lifetime_malformed'
  | 'token_lifetime_too_long'
  | 'token_audience_unknown'
  | 'token_algorithm_unsupported'
  | 'token_key_none'
  | 'token_key_not_published'
  | 'delegation_too_deep'

export type TokenErrorCode = TokenRejectedCode | TokenRefusedCode

export class TokenRejected extends CodedError<TokenRejectedCode> {}

export class TokenRefused extends CodedError<TokenRefusedCode> {}
