// The master key: the one secret that opens every other key at rest. It comes from a file, a systemd credential or the
// environment, and is never in the database or a backup. This file reads and makes it; `envelope.ts` uses it.
//
// BUG: the environment variable leaves `process.env` and so reaches no child, but Linux keeps the first environment of
// a process in /proc/<pid>/environ, readable by the same user and root. A file or a credential does not have this hole.
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../domain/clock.ts'
import { MasterKeyRejected } from './errors.ts'
import { writeNewFile } from './new-file.ts'

/** AES-256. */
const MASTER_KEY_BYTES = 32

export const MASTER_KEY_VARIABLE = 'SIGNET_MASTER_KEY'

/** Where the master key comes from. There is no default: an installation says it. */
export type MasterKeySource =
  | { readonly kind: 'file'; readonly path: string }
  /** A file of `$CREDENTIALS_DIRECTORY` (systemd's LoadCredential= or LoadCredentialEncrypted=). */
  | { readonly kind: 'credential'; readonly name: string }
  /** The configuration names the variable; `MASTER_KEY_VARIABLE` is the one that the documentation speaks of. */
  | { readonly kind: 'environment'; readonly variable: string }

/** The id tells master keys apart and nothing of the key: HKDF (RFC 5869) with a purpose of its own, 128 bits. */
const ID_PURPOSE = 'signet master key id'
const ID_BYTES = 16

/** Holds the key so that neither logs nor JSON nor a debugger's listing show it. */
export class MasterKey {
  readonly #key: KeyObject
  /** Hexadecimal. It stands in the database and in audit events. */
  readonly id: string

  private constructor(key: KeyObject) {
    this.#key = key
    this.id = Buffer.from(hkdfSync('sha256', key, '', ID_PURPOSE, ID_BYTES)).toString('hex')
  }

  /** Takes the 32 bytes and blanks them where they were. */
  static fromBytes(bytes: Uint8Array): MasterKey {
    if (bytes.length !== MASTER_KEY_BYTES) throw new MasterKeyRejected('master_key_malformed', { accepted: FORMS })
    const key = createSecretKey(bytes)
    bytes.fill(0)
    return new MasterKey(key)
  }

  /** For `envelope.ts` alone. */
  cipherKey(): KeyObject {
    return this.#key
  }
}

const FORMS = ['32 random bytes', '64 hexadecimal digits', 'base64 of 32 bytes'] as const

/** Longest file that can be one of the forms: hexadecimal and a line end. */
const MAX_FILE_BYTES = 128

/**
 * Reads the master key. Whatever the source, the variable is taken out of `environment`: nobody who starts a child later
 * has to think of it. Throws `MasterKeyRejected`.
 */
export function readMasterKey(source: MasterKeySource, environment: NodeJS.ProcessEnv): MasterKey {
  const name = source.kind === 'environment' ? source.variable : MASTER_KEY_VARIABLE
  const value = environment[name]
  Reflect.deleteProperty(environment, MASTER_KEY_VARIABLE)
  Reflect.deleteProperty(environment, name)
  switch (source.kind) {
    case 'file':
      return parseMasterKey(readKeyFile(source.path, 'owner-only'))
    case 'credential':
      return parseMasterKey(readKeyFile(credentialPath(source.name, environment), 'systemd'))
    case 'environment':
      if (value === undefined) throw new MasterKeyRejected('master_key_missing', { variable: name })
      return parseMasterKey(Buffer.from(value))
    default:
      return source satisfies never
  }
}

/** Makes a new master key in hexadecimal, mode 0600, synced. Throws `MasterKeyRejected` (`master_key_exists`). */
export function makeMasterKeyFile(path: string, random: Random): void {
  const written = writeNewFile(path, Buffer.from(`${Buffer.from(random(MASTER_KEY_BYTES)).toString('hex')}\n`))
  if (written === 'exists') throw new MasterKeyRejected('master_key_exists', { path })
}

/** Raw bytes, hexadecimal or base64 (either alphabet), the latter two with an optional line end. */
export function parseMasterKey(contents: Uint8Array): MasterKey {
  // Thirty-two printable characters are a passphrase that somebody typed: random bytes look so once in 10^14.
  const isText = contents.every((byte) => byte >= 0x20 && byte < 0x7f)
  if (contents.length === MASTER_KEY_BYTES && !isText) return MasterKey.fromBytes(Uint8Array.from(contents))
  const text = Buffer.from(contents)
    .toString('latin1')
    .replace(/\r?\n$/, '')
  if (/^[0-9a-fA-F]{64}$/.test(text)) return MasterKey.fromBytes(Buffer.from(text, 'hex'))
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return MasterKey.fromBytes(Buffer.from(text, 'base64'))
  throw new MasterKeyRejected('master_key_malformed', { accepted: FORMS })
}

function credentialPath(name: string, environment: NodeJS.ProcessEnv): string {
  const folder = environment['CREDENTIALS_DIRECTORY']
  if (folder === undefined || folder === '') {
    throw new MasterKeyRejected('master_key_missing', { variable: 'CREDENTIALS_DIRECTORY', credential: name })
  }
  // systemd.exec(5): a credential's name is a plain file name.
  if (!/^[A-Za-z0-9._-]{1,255}$/.test(name) || name.startsWith('.')) {
    throw new MasterKeyRejected('master_key_missing', { credential: name.slice(0, 60) })
  }
  return join(folder, name)
}

/** systemd's folder is closed to others, and its files may carry an ACL that shows as group bits; a plain file may not. */
function readKeyFile(path: string, guard: 'owner-only' | 'systemd'): Uint8Array {
  const file = openKeyFile(path)
  try {
    const { mode, uid } = fstatSync(file)
    if (guard === 'owner-only') refuseExposed(path, mode, uid)
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1)
    return buffer.subarray(0, readSync(file, buffer))
  } finally {
    closeSync(file)
  }
}

function openKeyFile(path: string): number {
  try {
    // Not blocking: a named pipe in its place must not hang the start.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw new MasterKeyRejected('master_key_missing', { path }, { cause })
  }
}

function refuseExposed(path: string, mode: number, uid: number): void {
  const permissions = (mode & 0o777).toString(8).padStart(4, '0')
  if ((mode & 0o077) !== 0) {
    throw new MasterKeyRejected('master_key_exposed', { path, mode: permissions, fix: `chmod 600 ${path}` })
  }
  const own = process.geteuid?.() ?? uid
  if (uid !== own && uid !== 0) {
    throw new MasterKeyRejected('master_key_exposed', { path, owner: uid, fix: `chown ${own} ${path}` })
  }
}
