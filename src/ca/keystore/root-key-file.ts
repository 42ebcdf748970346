// The offline root key: one file in a folder of its own, encrypted under a passphrase. Only `signet init` and `signet
// ceremony` read it; the running service never does. That the folder is not the data folder is the command's to check.
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../domain/clock.ts'
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import type { Signer } from '../../domain/signer.ts'
import { encryptPrivateKey } from './encrypted-private-key.ts'
import { PassphraseRejected, RootKeyRejected } from './errors.ts'
import { KeySigner } from './key-signer.ts'
import { syncFolder, writeNewFile } from './new-file.ts'
import { passphraseBytes } from './passphrase.ts'
import { algorithmOf, generateKey, type GeneratedKey, importPkcs8, publicKeyOf } from './private-key.ts'

export const ROOT_KEY_FILE = 'root-key.pem'

/** A root key in memory, for the length of a ceremony. Who opens one compares `publicKey` with the root's certificate. */
export class RootKey {
  readonly algorithm: KeyAlgorithmName
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  readonly #key: KeyObject

  constructor(key: KeyObject) {
    this.algorithm = algorithmOf(key).name
    this.publicKey = publicKeyOf(key)
    this.#key = key
  }

  signer<Purpose extends 'certificate' | 'crl'>(purpose: Purpose): Signer<Purpose> {
    return new KeySigner(purpose, this.#key)
  }
}

/** Makes a root key and writes its file. Throws as `writeRootKey` does. */
export async function makeRootKey(
  folder: string,
  algorithm: KeyAlgorithmName,
  passphrase: string,
  random: Random,
): Promise<RootKey> {
  const generated = await generateKey(algorithm)
  await writeRootKey(folder, generated, passphrase, random)
  const key = new RootKey(importPkcs8(generated.pkcs8))
  generated.pkcs8.fill(0)
  return key
}

/**
 * Writes the key into `folder` (made with mode 0700 when it is not there). Durable once resolved. Throws
 * `PassphraseRejected` (`passphrase_too_short`) and `RootKeyRejected` (`root_key_exists`).
 */
export async function writeRootKey(
  folder: string,
  key: Pick<GeneratedKey, 'pkcs8'>,
  passphrase: string,
  random: Random,
): Promise<void> {
  const pem = await encryptPrivateKey(key.pkcs8, passphraseBytes(passphrase), random)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  syncFolder(join(folder, '..'))
  const path = join(folder, ROOT_KEY_FILE)
  if (writeNewFile(path, Buffer.from(pem)) === 'exists') throw new RootKeyRejected('root_key_exists', { path })
}

/**
 * Opens the key of `folder`. Throws `PassphraseRejected` (`passphrase_wrong`) and `RootKeyRejected` (`root_key_missing`,
 * `root_key_malformed`: no such file, or one whose private and public half do not belong together).
 */
export function readRootKey(folder: string, passphrase: string): RootKey {
  const path = join(folder, ROOT_KEY_FILE)
  const pem = readPem(path)
  const key = decryptPem(path, pem, passphrase)
  refuseMismatchedHalves(path, key)
  return new RootKey(key)
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new RootKeyRejected('root_key_missing', { path }, { cause })
  }
}

/** OpenSSL's reader, so that each opening proves that the file needs nothing of ours. It holds scrypt to 32 MiB. */
function decryptPem(path: string, pem: string, passphrase: string): KeyObject {
  if (!pem.startsWith('-----BEGIN ENCRYPTED PRIVATE KEY-----\n')) {
    throw new RootKeyRejected('root_key_malformed', { path, expected: 'an encrypted private key in PEM' })
  }
  try {
    return createPrivateKey({ key: pem, passphrase: Buffer.from(passphrase.normalize('NFC')) })
  } catch (error) {
    throw isDecryptionFailure(error)
      ? new PassphraseRejected('passphrase_wrong', { path })
      : new RootKeyRejected('root_key_malformed', { path })
  }
}

/** One wrong passphrase in 256 leaves padding that looks right, and then bytes that are no key: that is `unsupported`. */
function isDecryptionFailure(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ERR_OSSL_BAD_DECRYPT' || error.code === 'ERR_OSSL_UNSUPPORTED'
}

/** CBC can be changed by who cannot read it; a key with a changed half would show itself in its signatures. */
function refuseMismatchedHalves(path: string, key: KeyObject): void {
  const probe = randomBytes(32)
  const algorithm = algorithmOf(key)
  const hash = 'hash' in algorithm ? algorithm.hash : null
  if (!verify(hash, probe, createPublicKey(key), sign(hash, probe, key))) {
    throw new RootKeyRejected('root_key_malformed', { path })
  }
}
