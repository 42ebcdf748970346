import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bitString, integer, nullValue, oid, sequence, smallInteger, type Der } from '../../src/x509/der-writer.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey, refuseWeakKey } from '../../src/x509/public-key.ts'
import { hasRocaShape } from '../../src/domain/roca.ts'
import { EVERY_ALGORITHM, keyOf } from './fixtures.ts'
import { codeOf } from './refusal.ts'

function rsaSpki(modulus: bigint, exponent: bigint, parameters: readonly Der[] = [nullValue()]): Der {
  const key = sequence(integer(modulus), integer(exponent))
  return sequence(sequence(oid(OID.rsaEncryption), ...parameters), bitString(key))
}

function ecSpki(curve: Der, point: Uint8Array): Der {
  return sequence(sequence(oid(OID.ecPublicKey), curve), bitString(point))
}

function rawSpki(algorithm: string, key: Uint8Array, ...parameters: readonly Der[]): Der {
  return sequence(sequence(oid(algorithm), ...parameters), bitString(key))
}

const odd = (bits: number): bigint => (1n << BigInt(bits - 1)) | 0x1337n

/** A modulus of the shape, as RSALib would make it: congruent to a power of 65537 for every small prime. */
function rocaModulus(bits: number): bigint {
  const primes = Array.from({ length: 166 }, (_, i) => i + 2).filter((n) =>
    Array.from({ length: n - 2 }, (_, i) => i + 2).every((d) => n % d !== 0),
  )
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n)
  const power = 65537n ** 17n % product
  const factor = (1n << BigInt(bits - 1)) / product + 1n
  return product * factor + power
}

function p256Point(): Uint8Array {
  return parsePublicKey(keyOf('ec-p256').spki).keyBytes
}

function offCurvePoint(): Uint8Array {
  const point = Uint8Array.from(p256Point())
  point[64] = (point[64] ?? 0) ^ 1
  return point
}

describe('parsePublicKey', () => {
  it.each(EVERY_ALGORITHM)('knows %s', (algorithm) => {
    const { spki } = keyOf(algorithm)
    const key = parsePublicKey(spki)
    expect(key.algorithm).toBe(algorithm)
    expect(algorithm.startsWith(key.kind)).toBe(true)
    expect(key.spki).toEqual(spki)
    expect(key.fingerprint).toBe(createHash('sha256').update(spki).digest('hex'))
    expect(key.keyObject().export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(spki))
    expect(codeOf(() => refuseWeakKey(key))).toBe('accepted')
  })

  it('identifies a key by RFC 7093 method 1', () => {
    const key = parsePublicKey(keyOf('ec-p256').spki)
    const digest = createHash('sha256').update(key.keyBytes).digest()
    expect(Buffer.from(key.keyIdentifier)).toEqual(digest.subarray(0, 20))
  })

  it('tells the length of a modulus that has none of the named ones', () => {
    const key = parsePublicKey(rsaSpki(odd(2047), 65537n))
    expect(key).toMatchObject({ kind: 'rsa', algorithm: 'rsa', bits: 2047, exponent: 65537n })
  })

  it.each<[what: string, spki: Der, code: string]>([
    ['RSA without NULL', rsaSpki(odd(2048), 65537n, []), 'der_truncated'],
    ['RSA with other parameters', rsaSpki(odd(2048), 65537n, [smallInteger(0)]), 'der_tag_unexpected'],
    ['RSA with two NULLs', rsaSpki(odd(2048), 65537n, [nullValue(), nullValue()]), 'der_trailing_bytes'],
    ['an even modulus', rsaSpki(odd(2048) + 1n, 65537n), 'key_malformed'],
    [
      'a negative modulus',
      rawSpki(OID.rsaEncryption, sequence(Uint8Array.of(2, 1, 0xff), integer(3n)), nullValue()),
      'key_malformed',
    ],
    [
      'a padded modulus',
      rawSpki(OID.rsaEncryption, sequence(Uint8Array.of(2, 2, 0, 0x7f), integer(3n)), nullValue()),
      'der_integer_not_minimal',
    ],
    ['RSA-PSS keys', rawSpki(OID.rsaPss, sequence()), 'key_unsupported'],
    ['P-521', ecSpki(oid(OID.p521), new Uint8Array(133).fill(4)), 'key_unsupported'],
    ['secp256k1', ecSpki(oid('1.3.132.0.10'), new Uint8Array(65).fill(4)), 'key_unsupported'],
    ['explicit curve parameters', ecSpki(sequence(smallInteger(1)), p256Point()), 'key_unsupported'],
    ['a curve left out', rawSpki(OID.ecPublicKey, p256Point()), 'key_unsupported'],
    ['a compressed point', ecSpki(oid(OID.p256), Uint8Array.of(2, ...p256Point().subarray(1, 33))), 'key_unsupported'],
    ['the point at infinity', ecSpki(oid(OID.p256), Uint8Array.of(0)), 'key_unsupported'],
    ['a point of another length', ecSpki(oid(OID.p384), p256Point()), 'key_malformed'],
    ['Ed25519 of 31 octets', rawSpki(OID.ed25519, new Uint8Array(31)), 'key_malformed'],
    ['Ed25519 of 33 octets', rawSpki(OID.ed25519, new Uint8Array(33)), 'key_malformed'],
    ['Ed25519 with NULL', rawSpki(OID.ed25519, new Uint8Array(32), nullValue()), 'der_trailing_bytes'],
    ['ML-DSA-44 of 1311 octets', rawSpki(OID.mlDsa44, new Uint8Array(1311)), 'key_malformed'],
    ['ML-DSA-65 with the key of ML-DSA-44', rawSpki(OID.mlDsa65, new Uint8Array(1312)), 'key_malformed'],
    ['ML-DSA-87 of 2593 octets', rawSpki(OID.mlDsa87, new Uint8Array(2593)), 'key_malformed'],
    ['ML-DSA with NULL', rawSpki(OID.mlDsa87, new Uint8Array(2592), nullValue()), 'der_trailing_bytes'],
    ['X25519', rawSpki('1.3.101.110', new Uint8Array(32)), 'key_unsupported'],
    ['DSA', rawSpki('1.2.840.10040.4.1', new Uint8Array(32), sequence()), 'key_unsupported'],
    ['nothing', new Uint8Array(), 'der_truncated'],
  ])('refuses %s', (_, spki, code) => {
    expect(codeOf(() => parsePublicKey(spki))).toBe(code)
  })
})

describe('refuseWeakKey', () => {
  it.each<[what: string, spki: () => Der, code: string]>([
    ['2047 bits', () => rsaSpki(odd(2047), 65537n), 'key_rsa_too_small'],
    ['2048 bits', () => rsaSpki(odd(2048), 65537n), 'accepted'],
    ['8192 bits', () => rsaSpki(odd(8192), 65537n), 'accepted'],
    ['8193 bits', () => rsaSpki(odd(8193), 65537n), 'key_rsa_too_large'],
    ['e = 0', () => rsaSpki(odd(2048), 0n), 'key_rsa_bad_exponent'],
    ['e = 1', () => rsaSpki(odd(2048), 1n), 'key_rsa_bad_exponent'],
    ['e = 2', () => rsaSpki(odd(2048), 2n), 'key_rsa_bad_exponent'],
    ['e = 3', () => rsaSpki(odd(2048), 3n), 'accepted'],
    ['e = 65536', () => rsaSpki(odd(2048), 65536n), 'key_rsa_bad_exponent'],
    ['e = 2^32 - 1', () => rsaSpki(odd(2048), 2n ** 32n - 1n), 'accepted'],
    ['e = 2^32 + 1', () => rsaSpki(odd(2048), 2n ** 32n + 1n), 'key_rsa_bad_exponent'],
    ['the ROCA shape', () => rsaSpki(rocaModulus(2048), 65537n), 'key_rsa_roca'],
    ['the ROCA shape, two more', () => rsaSpki(rocaModulus(2048) + 2n, 65537n), 'accepted'],
    ['a point off its curve', () => ecSpki(oid(OID.p256), offCurvePoint()), 'key_malformed'],
  ])('%s', (_, spki, code) => {
    expect(codeOf(() => refuseWeakKey(parsePublicKey(spki())))).toBe(code)
  })

  it('does not take fresh RSA keys for ROCA', () => {
    for (let i = 0; i < 20; i++) {
      const jwk = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
      expect(hasRocaShape(BigInt(`0x${Buffer.from(jwk.n ?? '', 'base64url').toString('hex')}`))).toBe(false)
    }
  })
})
