// The hash of a deployment's passphrase, as text and in parts: PBKDF2 and scrypt (in the shapes of PHC, of passlib, of Werkzeug
// and of `signet user hash-password`) and bcrypt. What another system made is taken as it is and written in one shape. It
// neither works a hash out (`derive-passphrase.ts`) nor judges its cost (`passphrase-cost.ts`).
import bcrypt from 'bcryptjs'
import { checkCost } from './passphrase-cost.ts'
import { PassphraseRefused } from './passphrase-refused.ts'

/** A hash in our shape, whose cost is within the bounds. May be stored; is never given to a client. */
export type PassphraseHash = string & { readonly __brand: 'PassphraseHash' }

interface Salted {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

export interface Pbkdf2Hash extends Salted {
  readonly kind: 'pbkdf2'
  readonly digest: 'sha256' | 'sha512'
  readonly iterations: number
}

/** Binary logarithm of N, block size and parallelization (RFC 7914 §2). */
export interface ScryptHash extends Salted {
  readonly kind: 'scrypt'
  readonly logN: number
  readonly r: number
  readonly p: number
}

export interface BcryptHash extends Salted {
  readonly kind: 'bcrypt'
  /** Binary logarithm of the rounds. */
  readonly cost: number
}

export type HashParts = Pbkdf2Hash | ScryptHash | BcryptHash

/** Longest text that is looked at: 64 octets of salt and of hash in hexadecimal, and what stands before. */
const MAX_TEXT_CHARACTERS = 400

const BCRYPT_SALT_BYTES = 16
export const BCRYPT_HASH_BYTES = 23

/** The only way from a foreign text to a `PassphraseHash`. Throws `PassphraseRefused`, which repeats nothing of it. */
export function importPassphrase(text: string): PassphraseHash {
  return encodePassphraseHash(parsePassphraseHash(text))
}

/** Throws `PassphraseRefused`: the text is none, or costs too little or too much. */
export function parsePassphraseHash(text: string): HashParts {
  const parts = text.length > MAX_TEXT_CHARACTERS ? undefined : partsOf(text)
  if (parts === undefined) throw new PassphraseRefused('passphrase_hash_malformed')
  checkCost(parts)
  return parts
}

/** PHC string format with its parameters written out; bcrypt in its own, as `$2b$`. */
export function encodePassphraseHash(parts: HashParts): PassphraseHash {
  return written(parts) as PassphraseHash
}

function written(parts: HashParts): string {
  const { salt, hash } = parts
  switch (parts.kind) {
    case 'pbkdf2':
      return `$pbkdf2-${parts.digest}$i=${parts.iterations},l=${hash.length}$${toBase64(salt)}$${toBase64(hash)}`
    case 'scrypt':
      return `$scrypt$ln=${parts.logN},r=${parts.r},p=${parts.p}$${toBase64(salt)}$${toBase64(hash)}`
    case 'bcrypt':
      return bcryptSetting(parts) + bcrypt.encodeBase64(hash, BCRYPT_HASH_BYTES)
    default:
      return parts satisfies never
  }
}

/** What bcrypt is worked out with: version, cost and salt. `$2a$` and `$2y$` name the same function for what we take. */
export function bcryptSetting({ cost, salt }: BcryptHash): string {
  return `$2b$${String(cost).padStart(2, '0')}$${bcrypt.encodeBase64(salt, BCRYPT_SALT_BYTES)}`
}

type Groups = Readonly<Record<string, string>>

interface Form {
  readonly shape: RegExp
  readonly parts: (groups: Groups) => HashParts | undefined
}

const NUMBER = '[1-9][0-9]{0,9}'
const BASE64 = '[A-Za-z0-9+/]+'

const FORMS: readonly Form[] = [
  {
    // PHC string format; the length may be left out, since the hash tells it.
    shape: form(`\\$pbkdf2-(?<digest>sha256|sha512)\\$i=(?<i>${NUMBER})(?:,l=(?<l>${NUMBER}))?`, `\\$`, BASE64),
    parts: (groups) => pbkdf2(groups, fromBase64),
  },
  {
    // passlib: base64 with `.` for `+`.
    shape: form(`\\$pbkdf2-(?<digest>sha256|sha512)\\$(?<i>${NUMBER})`, `\\$`, '[A-Za-z0-9./]+'),
    parts: (groups) => pbkdf2(groups, (text) => fromBase64(text.replaceAll('.', '+'))),
  },
  {
    // Werkzeug: the salt is the text itself, the hash hexadecimal.
    shape: form(`pbkdf2:(?<digest>sha256|sha512):(?<i>${NUMBER})`, `\\$`, '[A-Za-z0-9]+'),
    parts: (groups) => pbkdf2(groups, fromHex, asText),
  },
  {
    shape: form(`\\$scrypt\\$ln=(?<ln>[1-9][0-9]?),r=(?<r>${NUMBER}),p=(?<p>${NUMBER})`, `\\$`, BASE64),
    parts: (groups) => scrypt(groups, Number(groups['ln']), fromBase64),
  },
  {
    shape: form(`scrypt:(?<n>${NUMBER}):(?<r>${NUMBER}):(?<p>${NUMBER})`, `\\$`, '[A-Za-z0-9]+'),
    parts: (groups) => scrypt(groups, Math.log2(Number(groups['n'])), fromHex, asText),
  },
  {
    // `signet user hash-password`: 32 MiB, without saying so.
    shape: /^scrypt\$(?<salt>[A-Za-z0-9_-]{22})\$(?<hash>[A-Za-z0-9_-]{43})$/,
    parts: (groups) => scrypt({ ...groups, r: '8', p: '1' }, 15, fromBase64Url),
  },
  {
    // Not `$2x$`: it marks hashes of an implementation that lost bits.
    shape: /^\$2[aby]\$(?<cost>[0-9]{2})\$(?<salt>[A-Za-z0-9./]{22})(?<hash>[A-Za-z0-9./]{31})$/,
    parts: ({ cost, salt = '', hash = '' }) => ({
      kind: 'bcrypt',
      cost: Number(cost),
      salt: Uint8Array.from(bcrypt.decodeBase64(salt, BCRYPT_SALT_BYTES)),
      hash: Uint8Array.from(bcrypt.decodeBase64(hash, BCRYPT_HASH_BYTES)),
    }),
  },
]

function form(head: string, separator: string, text: string): RegExp {
  return new RegExp(`^${head}${separator}(?<salt>${text})${separator}(?<hash>${text})$`)
}

function partsOf(text: string): HashParts | undefined {
  for (const { shape, parts } of FORMS) {
    const groups = shape.exec(text)?.groups
    if (groups !== undefined) return parts(groups)
  }
  return undefined
}

type Decode = (text: string) => Uint8Array | undefined

function pbkdf2(groups: Groups, decode: Decode, decodeSalt = decode): Pbkdf2Hash | undefined {
  const salted = saltedOf(groups, decode, decodeSalt)
  const { l } = groups
  if (salted === undefined || (l !== undefined && Number(l) !== salted.hash.length)) return undefined
  const digest = groups['digest'] === 'sha512' ? 'sha512' : 'sha256'
  return { kind: 'pbkdf2', digest, iterations: Number(groups['i']), ...salted }
}

function scrypt(groups: Groups, logN: number, decode: Decode, decodeSalt = decode): ScryptHash | undefined {
  const salted = saltedOf(groups, decode, decodeSalt)
  if (salted === undefined || !Number.isInteger(logN)) return undefined
  return { kind: 'scrypt', logN, r: Number(groups['r']), p: Number(groups['p']), ...salted }
}

function saltedOf(groups: Groups, decode: Decode, decodeSalt: Decode): Salted | undefined {
  const salt = decodeSalt(groups['salt'] ?? '')
  const hash = decode(groups['hash'] ?? '')
  return salt === undefined || hash === undefined ? undefined : { salt, hash }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

/** Without padding, and only as it would be written: two texts of one hash would be two entries. */
function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return toBase64(bytes) === text ? bytes : undefined
}

function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

function fromHex(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'hex')
  return bytes.toString('hex') === text.toLowerCase() ? bytes : undefined
}

function asText(text: string): Uint8Array {
  return Buffer.from(text)
}
