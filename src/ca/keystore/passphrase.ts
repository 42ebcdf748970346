// Passphrases that protect key files: how short they may be, and how they become bytes.
import { PassphraseRejected } from './errors.ts'

/**
 * Shortest passphrase for a file that holds a private key, in characters. A stolen file can be guessed at
 * for ever, which is why this is more than the eight that suffice where a server counts the attempts.
 */
export const MIN_PASSPHRASE_CHARACTERS = 12

/** NFC, as RFC 8265 §4.2 has it, so that one keyboard's `é` opens what another's locked. Throws `PassphraseRejected`. */
export function passphraseBytes(passphrase: string): Uint8Array {
  if (Array.from(passphrase).length < MIN_PASSPHRASE_CHARACTERS) {
    throw new PassphraseRejected('passphrase_too_short', { minCharacters: MIN_PASSPHRASE_CHARACTERS })
  }
  return Buffer.from(passphrase.normalize('NFC'))
}
