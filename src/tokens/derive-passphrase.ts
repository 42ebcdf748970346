// Works a passphrase's hash out and compares it: PBKDF2 (RFC 8018 §5.2), scrypt (RFC 7914) and bcrypt, none of them on the event
// loop. It does not bound how many are worked out at once: `kdf-gate.ts`.
import { pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import bcrypt from 'bcryptjs'
import type { BcryptThread } from './bcrypt-thread.ts'
import {
  BCRYPT_HASH_BYTES,
  type BcryptHash,
  bcryptSetting,
  type HashParts,
  type ScryptHash,
} from './passphrase-hash.ts'

/** Octets of UTF-8 that bcrypt looks at. Whoever sends more is refused, or the rest would be no secret. */
const MAX_BCRYPT_BYTES = 72

const derivePbkdf2 = promisify(pbkdf2)

/** Whether it is the passphrase of the hash; takes as long when it is not. `passphrase` holds no NUL. */
export async function isPassphraseOf(passphrase: string, parts: HashParts, thread: BcryptThread): Promise<boolean> {
  switch (parts.kind) {
    case 'pbkdf2': {
      const { salt, iterations, hash, digest } = parts
      return timingSafeEqual(await derivePbkdf2(passphrase, salt, iterations, hash.length, digest), hash)
    }
    case 'scrypt':
      return timingSafeEqual(await deriveScrypt(passphrase, parts, parts.hash.length), parts.hash)
    case 'bcrypt':
      return isBcryptOf(passphrase, parts, thread)
    default:
      return parts satisfies never
  }
}

export type ScryptSetting = Pick<ScryptHash, 'logN' | 'r' | 'p' | 'salt'>

export function deriveScrypt(passphrase: string, setting: ScryptSetting, hashBytes: number): Promise<Buffer> {
  const { logN, r, p, salt } = setting
  const N = 2 ** logN
  // What OpenSSL adds up before it begins: N blocks, one for each lane, and two of work.
  const options = { N, r, p, maxmem: 128 * r * (N + p + 2) }
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, hashBytes, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

async function isBcryptOf(passphrase: string, parts: BcryptHash, thread: BcryptThread): Promise<boolean> {
  const setting = bcryptSetting(parts)
  const text = await thread.hash(passphrase, setting)
  const hash = Uint8Array.from(bcrypt.decodeBase64(text.slice(setting.length), BCRYPT_HASH_BYTES))
  return timingSafeEqual(hash, parts.hash) && Buffer.byteLength(passphrase) <= MAX_BCRYPT_BYTES
}
