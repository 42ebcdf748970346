// Key pairs of a requester: made here or read from a file. They never leave this host.
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { KEY_ALGORITHMS, type KeyAlgorithm } from '../domain/key-algorithm.ts'
import { readText, reasonOf } from './read-file.ts'
import { Refused } from './refused.ts'

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const generate = promisify(generateKeyPair)

/** `name` is one of KEY_ALGORITHMS. */
export async function makeKeyPair(name: string): Promise<KeyPair> {
  const algorithm = KEY_ALGORITHMS.get(name)
  if (algorithm === undefined) throw new Refused('key_unreadable', { algorithm: name })
  return generateFor(algorithm)
}

function generateFor(algorithm: KeyAlgorithm): Promise<KeyPair> {
  switch (algorithm.kind) {
    case 'ec':
      return generate('ec', { namedCurve: algorithm.curve })
    case 'rsa':
      return generate('rsa', { modulusLength: algorithm.modulusBits, publicExponent: 65_537 })
    case 'ed25519':
      return generate('ed25519')
    case 'ml-dsa':
      return generateMlDsa(algorithm.parameterSet)
    default:
      return algorithm satisfies never
  }
}

function generateMlDsa(parameterSet: string): Promise<KeyPair> {
  if (parameterSet === 'ML-DSA-44') return generate('ml-dsa-44')
  return parameterSet === 'ML-DSA-65' ? generate('ml-dsa-65') : generate('ml-dsa-87')
}

/** Throws `Refused` (`file_unreadable`, `key_unreadable`). */
export async function readKeyPair(file: string): Promise<KeyPair> {
  const text = await readText(file)
  try {
    const privateKey = createPrivateKey(text)
    return { privateKey, publicKey: createPublicKey(text) }
  } catch (cause) {
    // Its code alone: the message of OpenSSL may quote what it read.
    throw new Refused('key_unreadable', { file, reason: reasonOf(cause) }, { cause })
  }
}

/** PKCS#8 (RFC 5958), not encrypted. */
export function privateKeyPem({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' })
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyInfo({ publicKey }: KeyPair): Uint8Array {
  return publicKey.export({ type: 'spki', format: 'der' })
}
