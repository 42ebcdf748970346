// Passwords as scrypt (RFC 7914) keeps them. One cost for all of them, so that no two take different times; at most four are
// worked out at once, because each takes 32 MiB and a tenth of a second that a stranger orders.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { SignInRefused } from '../enrollment/sign-in-errors.ts'
import { deriveScrypt } from '../tokens/derive-passphrase.ts'
import { KdfGate } from '../tokens/kdf-gate.ts'

/** 128 · N · r = 32 MiB: what OWASP asks of an interactive sign-in, at the least. */
const COST = { logN: 15, r: 8, p: 1 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32

/** Rule 27 of the design: more wait for nobody. Not shared with passphrases: whoever tries those keeps nobody from signing in. */
const gate = new KdfGate()

export interface PasswordHash {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** `scrypt$SALT$HASH`, base64url. Undefined for any other text. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = /^scrypt\$(?<salt>[A-Za-z0-9_-]{22})\$(?<hash>[A-Za-z0-9_-]{43})$/.exec(text)
  if (match?.groups === undefined) return undefined
  const { salt = '', hash = '' } = match.groups
  return { salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') }
}

/** A text that `parsePasswordHash` reads. Throws `SignInRefused` (`sign_in_busy`). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await derive(password, salt)
  return `scrypt$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/**
 * Whether the password is the one. Nobody's (`undefined`) takes as long as somebody's and is never right. Throws `SignInRefused`
 * (`sign_in_busy`) before any work is done.
 */
export async function verifyPassword(password: string, expected: PasswordHash | undefined): Promise<boolean> {
  const hash = await derive(password, expected?.salt ?? NOBODY.salt)
  const isEqual = timingSafeEqual(hash, expected?.hash ?? NOBODY.hash)
  return isEqual && expected !== undefined
}

const NOBODY: PasswordHash = { salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) }

/** NFC, as RFC 8265 §4.2 has it, so that one keyboard's `é` opens what another's locked. */
async function derive(password: string, salt: Uint8Array): Promise<Buffer> {
  const worked = await gate.run(() => deriveScrypt(password.normalize('NFC'), { ...COST, salt }, HASH_BYTES))
  if (worked.kind === 'busy') throw new SignInRefused('sign_in_busy')
  return worked.result
}
