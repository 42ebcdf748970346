// Certification requests that no tool makes: every part as a test says it, signed by whatever key.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import {
  bitString,
  type Der,
  implicitConstructed,
  integer,
  nullValue,
  oid,
  sequence,
  set,
  smallInteger,
} from '../../src/x509/der-writer.ts'
import { encodeExtensions, type Extension } from '../../src/x509/extension.ts'
import { OID } from '../../src/x509/oid.ts'
import { type RawAttribute, rawName } from '../ca/tbs-parts.ts'

export interface CsrKey {
  readonly spki: Uint8Array
  readonly algorithm: Der
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

export function ecKey(pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })): CsrKey {
  return {
    spki: spkiOf(pair.publicKey),
    algorithm: signatureAlgorithmIdentifier('ec-p256'),
    sign: (bytes) => sign('sha256', bytes, pair.privateKey),
  }
}

export function rsaKey(modulusLength: number): CsrKey {
  const pair = generateKeyPairSync('rsa', { modulusLength })
  return {
    spki: spkiOf(pair.publicKey),
    algorithm: signatureAlgorithmIdentifier('rsa-2048'),
    sign: (bytes) => sign('sha256', bytes, pair.privateKey),
  }
}

/** A public key that nobody holds the other half of; the signature is that of another key. */
export function inventedRsaKey(modulus: bigint, exponent: bigint): CsrKey {
  const numbers = bitString(sequence(integer(modulus), integer(exponent)))
  const spki = sequence(sequence(oid(OID.rsaEncryption), nullValue()), numbers)
  return { ...ecKey(), spki, algorithm: signatureAlgorithmIdentifier('rsa-2048') }
}

export function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }))
}

export interface CsrContents {
  readonly subject?: readonly (readonly RawAttribute[])[]
  readonly extensions?: readonly Extension[]
}

export function infoOf(spki: Uint8Array, { subject = [], extensions = [] }: CsrContents = {}): Der {
  const attribute = () => sequence(oid(OID.extensionRequest), set(encodeExtensions(extensions)))
  const attributes = implicitConstructed(0, ...(extensions.length === 0 ? [] : [attribute()]))
  return sequence(smallInteger(0), rawName(...subject), spki, attributes)
}

export function csrBytes(contents: CsrContents = {}, key: CsrKey = ecKey()): Uint8Array {
  const info = infoOf(key.spki, contents)
  return sequence(info, key.algorithm, bitString(key.sign(info)))
}

export const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')
