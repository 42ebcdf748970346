// Refusals of the DER layer (X.690 §8, §10, §11). Facts are offsets and tags, never the bytes themselves.
import { CodedError } from '../domain/coded-error.ts'

export type DerErrorCode =
  | 'der_truncated'
  | 'der_trailing_bytes'
  | 'der_indefinite_length'
  | 'der_length_not_minimal'
  | 'der_too_large'
  | 'der_too_deep'
  | 'der_tag_unsupported'
  | 'der_tag_unexpected'
  | 'der_integer_not_minimal'
  | 'der_integer_out_of_range'
  | 'der_boolean_invalid'
  | 'der_null_invalid'
  | 'der_oid_invalid'
  | 'der_bit_string_invalid'
  | 'der_string_invalid'
  | 'der_time_invalid'
  /** A value that has no encoding was handed to the writer. */
  | 'der_unencodable'

export class DerRejected extends CodedError<DerErrorCode> {}
