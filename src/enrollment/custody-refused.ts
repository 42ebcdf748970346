// Refusals of custody.
import { CodedError } from '../domain/coded-error.ts'

export type CustodyErrorCode =
  /** The project keeps no keys. */
  | 'custody_off'
  /** It began or ended while a member was being added. */
  | 'custody_changed'
  | 'kept_key_unknown'

export class CustodyRefused extends CodedError<CustodyErrorCode> {}
