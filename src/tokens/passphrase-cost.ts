// What the hash of a passphrase may cost: enough that a stolen one is not guessed in an afternoon, and no more than a stranger
// may make us work for each wrong one (rule 27 of the design). Judged when a hash comes in, and each time one is read.
import type { HashParts } from './passphrase-hash.ts'
import { PassphraseRefused } from './passphrase-refused.ts'

interface Bound {
  readonly parameter: string
  readonly value: number
  readonly least: number
  readonly most: number
}

/** Octets of memory of one lane; of all lanes one after the other, which is what the time goes by (RFC 7914 §2). */
const SCRYPT_BLOCK_BYTES = 128
const MAX_SCRYPT_BYTES = 128 * 1024 * 1024

const DIGEST_BYTES = { sha256: 32, sha512: 64 } as const

/** Throws `PassphraseRefused`; the facts name the parameter, what it is and what it may be. */
export function checkCost(parts: HashParts): void {
  for (const { parameter, value, least, most } of boundsOf(parts)) {
    const facts = { form: parts.kind, parameter, value }
    if (value < least) throw new PassphraseRefused('passphrase_hash_too_weak', { ...facts, least })
    if (value > most) throw new PassphraseRefused('passphrase_hash_too_costly', { ...facts, most })
  }
}

function boundsOf(parts: HashParts): readonly Bound[] {
  switch (parts.kind) {
    case 'pbkdf2':
      return [
        { parameter: 'iterations', value: parts.iterations, least: 100_000, most: 2_000_000 },
        // Each further digest would be worked out from the beginning (RFC 8018 §5.2): twice the work, and no safety.
        ...lengths(parts, DIGEST_BYTES[parts.digest]),
      ]
    case 'scrypt':
      return [
        { parameter: 'ln', value: parts.logN, least: 14, most: 17 },
        { parameter: 'r', value: parts.r, least: 8, most: 64 },
        { parameter: 'bytes', value: scryptBytes(parts), least: 0, most: MAX_SCRYPT_BYTES },
        ...lengths(parts, 64),
      ]
    case 'bcrypt':
      return [{ parameter: 'cost', value: parts.cost, least: 10, most: 14 }]
    default:
      return parts satisfies never
  }
}

function scryptBytes({ logN, r, p }: { readonly logN: number; readonly r: number; readonly p: number }): number {
  return SCRYPT_BLOCK_BYTES * 2 ** logN * r * p
}

/** Werkzeug's salts had 8 characters for long. A hash of 128 bits is hit by no chance. */
function lengths({ salt, hash }: HashParts, mostHashBytes: number): readonly Bound[] {
  return [
    { parameter: 'saltBytes', value: salt.length, least: 8, most: 64 },
    { parameter: 'hashBytes', value: hash.length, least: 16, most: mostHashBytes },
  ]
}
