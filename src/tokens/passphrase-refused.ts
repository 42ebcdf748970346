// What the passphrase of a deployment is refused for when it is set. Why one that is presented does not hold is a value of the
// check (`passphrase-check.ts`), and the same whatever was wrong with it.
import { CodedError } from '../domain/coded-error.ts'

export type PassphraseRefusedCode =
  | 'passphrase_busy'
  | 'passphrase_hash_malformed'
  | 'passphrase_hash_too_costly'
  | 'passphrase_hash_too_weak'
  | 'passphrase_rejected'

export class PassphraseRefused extends CodedError<PassphraseRefusedCode> {}
