// Public keys as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): strict about parameters and lengths for each algorithm
// (RFC 3279 §2.3.1, RFC 5480 §2.1, RFC 8410 §4, RFC 9881 §4). Which algorithms a profile allows is decided elsewhere.
import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { CodedError } from '../domain/coded-error.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { hasRocaShape } from '../domain/roca.ts'
import { DerReader, TAG } from './der-reader.ts'
import { hexOf } from './hex.ts'
import { OID } from './oid.ts'

export type KeyErrorCode =
  | 'key_malformed'
  | 'key_unsupported'
  | 'key_rsa_too_small'
  | 'key_rsa_too_large'
  | 'key_rsa_bad_exponent'
  | 'key_rsa_roca'

export class KeyRejected extends CodedError<KeyErrorCode> {}

export type EcCurve = 'P-256' | 'P-384'

/** RSA modulus sizes, in bits, that rule 8 of the key policy allows. */
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192
const MAX_RSA_EXPONENT = 2n ** 32n

const CURVES: ReadonlyMap<string, { readonly curve: EcCurve; readonly coordinateBytes: number }> = new Map([
  [OID.p256, { curve: 'P-256', coordinateBytes: 32 }],
  [OID.p384, { curve: 'P-384', coordinateBytes: 48 }],
])

/** FIPS 204 table 2: octets of a public key. */
const ML_DSA: ReadonlyMap<string, { readonly algorithm: MlDsaName; readonly keyBytes: number }> = new Map([
  [OID.mlDsa44, { algorithm: 'ml-dsa-44', keyBytes: 1312 }],
  [OID.mlDsa65, { algorithm: 'ml-dsa-65', keyBytes: 1952 }],
  [OID.mlDsa87, { algorithm: 'ml-dsa-87', keyBytes: 2592 }],
])

type MlDsaName = 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'

abstract class ParsedKey {
  /** The whole SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** Contents of its BIT STRING. */
  readonly keyBytes: Uint8Array
  #keyObject: KeyObject | undefined
  #keyIdentifier: Uint8Array | undefined
  #fingerprint: string | undefined

  constructor(spki: Uint8Array, keyBytes: Uint8Array) {
    this.spki = spki
    this.keyBytes = keyBytes
  }

  /** The leftmost 160 bits of the SHA-256 of the BIT STRING's contents (RFC 7093 §2, method 1), 20 octets. */
  get keyIdentifier(): Uint8Array {
    this.#keyIdentifier ??= new Uint8Array(hash('sha256', this.keyBytes, 'buffer')).subarray(0, 20)
    return this.#keyIdentifier
  }

  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  get fingerprint(): string {
    this.#fingerprint ??= hash('sha256', this.spki, 'hex')
    return this.#fingerprint
  }

  /**
   * For node:crypto, which also checks that an EC point is on its curve. Throws `KeyRejected` (`key_malformed`).
   * @internal Left out of the package's declarations, which need no types of Node.
   */
  keyObject(): KeyObject {
    this.#keyObject ??= importKey(this.spki)
    return this.#keyObject
  }
}

class EcPublicKey extends ParsedKey {
  readonly kind = 'ec'
  readonly curve: EcCurve

  constructor(spki: Uint8Array, keyBytes: Uint8Array, curve: EcCurve) {
    super(spki, keyBytes)
    this.curve = curve
  }

  get algorithm(): KeyAlgorithmName {
    return this.curve === 'P-256' ? 'ec-p256' : 'ec-p384'
  }
}

class RsaPublicKey extends ParsedKey {
  readonly kind = 'rsa'
  /** Most significant octet first, no leading zero. */
  readonly modulus: Uint8Array
  readonly exponent: bigint
  /** Length of the modulus. */
  readonly bits: number

  constructor(spki: Uint8Array, keyBytes: Uint8Array, modulus: Uint8Array, exponent: bigint) {
    super(spki, keyBytes)
    this.modulus = modulus
    this.exponent = exponent
    this.bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  }

  /** `rsa` when the modulus has none of the named lengths. */
  get algorithm(): KeyAlgorithmName | 'rsa' {
    if (this.bits === 2048) return 'rsa-2048'
    if (this.bits === 3072) return 'rsa-3072'
    return this.bits === 4096 ? 'rsa-4096' : 'rsa'
  }
}

class Ed25519PublicKey extends ParsedKey {
  readonly kind = 'ed25519'
  readonly algorithm = 'ed25519'
}

class MlDsaPublicKey extends ParsedKey {
  readonly kind = 'ml-dsa'
  readonly algorithm: MlDsaName

  constructor(spki: Uint8Array, keyBytes: Uint8Array, algorithm: MlDsaName) {
    super(spki, keyBytes)
    this.algorithm = algorithm
  }
}

export type PublicKey = EcPublicKey | RsaPublicKey | Ed25519PublicKey | MlDsaPublicKey

/** Throws `KeyRejected` for algorithms that Signet never certifies, `DerRejected` for broken encodings. */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const outer = DerReader.over(spki)
  const info = outer.readSequence()
  outer.end()
  const algorithm = info.readSequence()
  const name = algorithm.readOid()
  const keyBytes = info.readBitString()
  info.end()
  const key = parseKey(name, algorithm, spki, keyBytes)
  algorithm.end()
  return key
}

function parseKey(name: string, parameters: DerReader, spki: Uint8Array, keyBytes: Uint8Array): PublicKey {
  if (name === OID.ecPublicKey) return parseEcKey(parameters, spki, keyBytes)
  if (name === OID.rsaEncryption) return parseRsaKey(parameters, spki, keyBytes)
  if (name === OID.ed25519) {
    requireLength(name, keyBytes, 32)
    return new Ed25519PublicKey(spki, keyBytes)
  }
  const mlDsa = ML_DSA.get(name)
  if (mlDsa === undefined) throw new KeyRejected('key_unsupported', { algorithm: name })
  requireLength(name, keyBytes, mlDsa.keyBytes)
  return new MlDsaPublicKey(spki, keyBytes, mlDsa.algorithm)
}

function parseEcKey(parameters: DerReader, spki: Uint8Array, keyBytes: Uint8Array): PublicKey {
  // RFC 5480 §2.1.1: a named curve; explicit parameters could name a curve whose logarithms the sender knows.
  if (parameters.peekTag() !== TAG.oid) throw new KeyRejected('key_unsupported', { curve: 'explicit parameters' })
  const name = parameters.readOid()
  const known = CURVES.get(name)
  if (known === undefined) throw new KeyRejected('key_unsupported', { curve: name === OID.p521 ? 'P-521' : name })
  // §2.2: 04 is the uncompressed form.
  if (keyBytes[0] !== 0x04) throw new KeyRejected('key_unsupported', { curve: known.curve, point: 'not uncompressed' })
  requireLength(name, keyBytes, 1 + 2 * known.coordinateBytes)
  return new EcPublicKey(spki, keyBytes, known.curve)
}

function parseRsaKey(parameters: DerReader, spki: Uint8Array, keyBytes: Uint8Array): PublicKey {
  // RFC 3279 §2.3.1: the parameters MUST be NULL.
  parameters.readNull()
  return DerReader.whole(keyBytes, (reader) => {
    const pair = reader.readSequence()
    const modulus = pair.readIntegerBytes()
    const exponent = pair.readInteger()
    pair.end()
    const odd = ((modulus[modulus.length - 1] ?? 0) & 1) === 1
    if ((modulus[0] ?? 0x80) >= 0x80 || !odd || exponent < 0n) throw new KeyRejected('key_malformed', { kind: 'rsa' })
    return new RsaPublicKey(spki, keyBytes, modulus[0] === 0 ? modulus.subarray(1) : modulus, exponent)
  })
}

function requireLength(algorithm: string, keyBytes: Uint8Array, expected: number): void {
  if (keyBytes.length === expected) return
  throw new KeyRejected('key_malformed', { algorithm, bytes: keyBytes.length, expected })
}

function importKey(spki: Uint8Array): KeyObject {
  try {
    const key = Buffer.from(spki.buffer, spki.byteOffset, spki.length)
    return createPublicKey({ key, format: 'der', type: 'spki' })
  } catch (cause) {
    throw new KeyRejected('key_malformed', { why: 'refused by OpenSSL' }, { cause })
  }
}

/**
 * Refuses keys that are weak by their structure alone (CP §6.1.5, §6.1.6): RSA lengths, exponents and the ROCA shape,
 * and points that are not on their curve. Throws `KeyRejected`.
 */
export function refuseWeakKey(key: PublicKey): void {
  if (key.kind === 'rsa') refuseWeakRsaKey(key)
  key.keyObject()
}

function refuseWeakRsaKey({ bits, exponent, modulus }: RsaPublicKey): void {
  if (bits < MIN_RSA_BITS) throw new KeyRejected('key_rsa_too_small', { bits, minBits: MIN_RSA_BITS })
  if (bits > MAX_RSA_BITS) throw new KeyRejected('key_rsa_too_large', { bits, maxBits: MAX_RSA_BITS })
  if (exponent < 3n || exponent > MAX_RSA_EXPONENT || exponent % 2n === 0n) {
    throw new KeyRejected('key_rsa_bad_exponent', { bits })
  }
  const number = BigInt(`0x${hexOf(modulus)}`)
  if (hasRocaShape(number)) throw new KeyRejected('key_rsa_roca', { bits })
}
