// Passphrases that protect key files: how short they may be, and how they become bytes.
import { PassphraseRejected } from './errors.ts'

/**
 * Shortest passphrase for a file that holds a private key, in characters. Twelve are what NIST SP 800-63B (rev. 4, §3.1.1)
 * comes to between its 8 and 15 once the derivation is slow, and a file can be guessed at offline.
 */
export const MIN_PASSPHRASE_CHARACTERS = 12

/** NFC, as RFC 8265 §4.2 has it, so that one keyboard's `é` opens what another's locked. Throws `PassphraseRejected`. */
export function passphraseBytes(passphrase: string): Uint8Array {
  if (Array.from(passphrase).length < MIN_PASSPHRASE_CHARACTERS) {
    throw new PassphraseRejected('passphrase_too_short', { minCharacters: MIN_PASSPHRASE_CHARACTERS })
  }
  return Buffer.from(passphrase.normalize('NFC'))
}
