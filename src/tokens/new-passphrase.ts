// The hash of a passphrase that came in clear. The clear text is neither kept nor told again.
import type { Random } from '../domain/clock.ts'
import { deriveScrypt } from './derive-passphrase.ts'
import type { KdfGate } from './kdf-gate.ts'
import { encodePassphraseHash, type PassphraseHash } from './passphrase-hash.ts'
import { PassphraseRefused } from './passphrase-refused.ts'

/** NIST SP 800-63B-4 §3.1.1.2 asks for 15 where nothing else is asked for. */
const MIN_CHARACTERS = 16
export const MAX_PASSPHRASE_CHARACTERS = 1024

/** 32 MiB: what OWASP asks of an interactive sign-in, at the least, and the same as for passwords. */
const COST = { logN: 15, r: 8, p: 1 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32

/** Throws `PassphraseRefused` (`passphrase_rejected`, `passphrase_busy`). */
export async function hashPassphrase(
  plain: string,
  by: { readonly gate: KdfGate; readonly random: Random },
): Promise<PassphraseHash> {
  checkPlain(plain)
  const setting = { ...COST, salt: by.random(SALT_BYTES) }
  const worked = await by.gate.run(() => deriveScrypt(plain, setting, HASH_BYTES))
  if (worked.kind === 'busy') throw new PassphraseRefused('passphrase_busy')
  return encodePassphraseHash({ kind: 'scrypt', ...setting, hash: worked.result })
}

/** What `Bearer` carries in this shape is read as a token (RFC 7515 §7.1), and never tried as anything else. */
const LIKE_A_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** It travels in a header: printable ASCII, and no space at either end, where HTTP takes it away (RFC 9110 §5.5). */
function checkPlain(plain: string): void {
  if (plain.length < MIN_CHARACTERS) throw refused('too-short')
  if (plain.length > MAX_PASSPHRASE_CHARACTERS) throw refused('too-long')
  if (!/^[!-~](?:[ -~]*[!-~])?$/.test(plain)) throw refused('characters')
  if (LIKE_A_TOKEN.test(plain)) throw refused('like-a-token')
}

function refused(why: 'too-short' | 'too-long' | 'characters' | 'like-a-token'): PassphraseRefused {
  const facts = { why, minCharacters: MIN_CHARACTERS, maxCharacters: MAX_PASSPHRASE_CHARACTERS }
  return new PassphraseRefused('passphrase_rejected', facts)
}
