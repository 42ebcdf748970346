// What the key stores refuse, as one union. None of these carries key material, a passphrase or a part of one.
import { CodedError } from '../../domain/coded-error.ts'

export type MasterKeyErrorCode =
  'master_key_missing' | 'master_key_exposed' | 'master_key_malformed' | 'master_key_exists' | SealingErrorCode

/** A process that was not given the master key under which keys are sealed from now on. */
export type SealingErrorCode = 'master_key_not_held'

export type PassphraseErrorCode = 'passphrase_too_short' | 'passphrase_not_ascii' | 'passphrase_wrong'

export type RootKeyErrorCode = 'root_key_missing' | 'root_key_exists' | 'root_key_malformed'

export type PrivateKeyErrorCode = 'private_key_malformed' | 'key_algorithm_unsupported'

/** What a caller who asks for a finished key store may meet. */
export type HandOverErrorCode =
  'passphrase_too_short' | 'passphrase_not_ascii' | 'alias_rejected' | 'key_algorithm_unsupported'

export type KeyStoreErrorCode =
  'seal_broken' | 'alias_rejected' | MasterKeyErrorCode | PassphraseErrorCode | RootKeyErrorCode | PrivateKeyErrorCode

/**
 * Sealed bytes that do not open. Wrong key, moved row and tampering look the same on purpose: to tell them apart would
 * tell an attacker which part of a forgery held.
 */
export class SealBroken extends CodedError<'seal_broken'> {
  constructor() {
    super('seal_broken')
  }
}

export class MasterKeyRejected extends CodedError<MasterKeyErrorCode> {}

export class PassphraseRejected extends CodedError<PassphraseErrorCode> {}

export class RootKeyRejected extends CodedError<RootKeyErrorCode> {}

export class PrivateKeyRejected extends CodedError<PrivateKeyErrorCode> {}

export class AliasRejected extends CodedError<'alias_rejected'> {
  constructor() {
    super('alias_rejected', { pattern: '[A-Za-z0-9][A-Za-z0-9_.-]{0,63}' })
  }
}
