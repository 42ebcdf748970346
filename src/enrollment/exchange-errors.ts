// Refusals of a token exchange (RFC 8693 §2.2.2).
import { CodedError } from '../domain/coded-error.ts'

export type ExchangeErrorCode =
  | 'subject_token_refused'
  | 'subject_token_spent'
  | 'subject_token_buys_no_certificate'
  | 'delegation_refused'
  | 'exchange_unsupported'

export class ExchangeRefused extends CodedError<ExchangeErrorCode> {}
