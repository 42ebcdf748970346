// Private keys of every kind as node:crypto holds them: made, read from PKCS#8 (RFC 5958), and signed with through one
// seam. ML-DSA keys travel in seed form (RFC 9881 §6), which is what Node's OpenSSL 3.5 writes.
import { constants, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { type KeyAlgorithm, type KeyAlgorithmName, KEY_ALGORITHMS } from '../../domain/key-algorithm.ts'
import { PrivateKeyRejected } from './errors.ts'
import type { PartsOrder } from './parts-thread.ts'

export interface GeneratedKey {
  readonly algorithm: KeyAlgorithmName
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** PrivateKeyInfo, DER, in clear: for what encrypts it next, and nothing else. */
  readonly pkcs8: Uint8Array
}

/** How an ECDSA signature is written: as certificates want it (RFC 3279 §2.2.3) or as JWS does (RFC 7518 §3.4). */
export type EcdsaForm = 'der' | 'ieee-p1363'

export type SignBytes = (bytes: Uint8Array) => Promise<Uint8Array>

const makePair = promisify(generateKeyPair)

/** A new key from OpenSSL's generator. */
export async function generateKey(name: KeyAlgorithmName): Promise<GeneratedKey> {
  const { publicKey, privateKey } = await generatePair(algorithmNamed(name))
  return {
    algorithm: name,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }),
  }
}

function generatePair(algorithm: KeyAlgorithm): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  switch (algorithm.kind) {
    case 'ec':
      return makePair('ec', { namedCurve: algorithm.curve })
    case 'rsa':
      return makePair('rsa', { modulusLength: algorithm.modulusBits })
    case 'ed25519':
      return makePair('ed25519')
    case 'ml-dsa':
      return makePair(mlDsaType(algorithm.name))
    default:
      return algorithm satisfies never
  }
}

function mlDsaType(name: KeyAlgorithmName): 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' {
  if (name === 'ml-dsa-44' || name === 'ml-dsa-65' || name === 'ml-dsa-87') return name
  throw new PrivateKeyRejected('key_algorithm_unsupported', { algorithm: name })
}

/** Throws `PrivateKeyRejected` (`private_key_malformed`). */
export function importPkcs8(pkcs8: Uint8Array): KeyObject {
  try {
    const key = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length)
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } catch {
    // The cause is dropped: parsers quote what they read.
    throw new PrivateKeyRejected('private_key_malformed')
  }
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

/** Which of our algorithms a key is of. Throws `PrivateKeyRejected` (`key_algorithm_unsupported`). */
export function algorithmOf(key: KeyObject): KeyAlgorithm {
  return algorithmNamed(algorithmText(key))
}

const EC_NAMES: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'ec-p256'],
  ['secp384r1', 'ec-p384'],
])

function algorithmText(key: KeyObject): string {
  const type = key.asymmetricKeyType ?? 'none'
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  if (type === 'ec') return EC_NAMES.get(namedCurve ?? '') ?? `ec ${namedCurve ?? ''}`
  return type === 'rsa' ? `rsa-${modulusLength ?? 0}` : type
}

function algorithmNamed(name: string): KeyAlgorithm {
  const algorithm = KEY_ALGORITHMS.get(name)
  if (algorithm === undefined) throw new PrivateKeyRejected('key_algorithm_unsupported', { algorithm: name })
  return algorithm
}

/**
 * The one place where a private key signs. P-256 and Ed25519 take some tens of microseconds and run where they are called,
 * which is twice as fast as handing them to a thread; the others take a millisecond and more, and run on the
 * thread pool so that the event loop goes on.
 */
export function signBytesWith(key: KeyObject, ecdsa: EcdsaForm): SignBytes {
  const algorithm = algorithmOf(key)
  switch (algorithm.kind) {
    case 'ec':
      return algorithm.curve === 'P-256'
        ? signHere(algorithm.hash, { key, dsaEncoding: ecdsa })
        : signOnThread(algorithm.hash, { key, dsaEncoding: ecdsa })
    case 'rsa':
      return signOnThread(algorithm.hash, { key, padding: constants.RSA_PKCS1_PADDING })
    case 'ed25519':
      return signHere(null, { key })
    case 'ml-dsa':
      return signOnThread(null, { key })
    default:
      return algorithm satisfies never
  }
}

/** The same, over what lies in parts and is long: for the thread that reads it (parts-worker.js). */
export function partsOrder(key: KeyObject, ecdsa: EcdsaForm, parts: readonly Uint8Array[]): PartsOrder {
  const algorithm = algorithmOf(key)
  switch (algorithm.kind) {
    case 'ec':
      return { kind: 'sign', hash: algorithm.hash, key, dsaEncoding: ecdsa, parts }
    case 'rsa':
      return { kind: 'sign', hash: algorithm.hash, key, padding: constants.RSA_PKCS1_PADDING, parts }
    case 'ed25519':
    case 'ml-dsa':
      return { kind: 'sign', hash: null, key, parts }
    default:
      return algorithm satisfies never
  }
}

type SigningKey = Parameters<typeof sign>[2] & object

function signHere(hash: string | null, key: SigningKey): SignBytes {
  return async (bytes) => sign(hash, bytes, key)
}

function signOnThread(hash: string | null, key: SigningKey): SignBytes {
  return (bytes) =>
    new Promise((resolve, reject) => {
      sign(hash, bytes, key, (error, signature) => {
        if (error === null) resolve(signature)
        else reject(error)
      })
    })
}
