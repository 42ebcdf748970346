// One key, one identity, and never again after a compromise (CP §6.1.1). The inventory throws it: its rows are the proof.
import { CodedError } from './coded-error.ts'

export type KeyReuseCode = 'key_compromised' | 'key_of_another_identity'

export class KeyRefused extends CodedError<KeyReuseCode> {
  /** `keyFingerprint` is the SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  constructor(code: KeyReuseCode, keyFingerprint: string) {
    super(code, { keyFingerprint })
  }
}
