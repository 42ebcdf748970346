import { describe, expect, it } from 'vitest'
import { parseSignatureAlgorithm, signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { bitString, integer, nullValue, oid, sequence } from '../../src/x509/der-writer.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { verifyBytes } from '../../src/x509/signature.ts'
import { EVERY_ALGORITHM, keyOf } from './fixtures.ts'

const message = Buffer.from('message')

describe.each(EVERY_ALGORITHM)('a signature of %s', (name) => {
  const key = keyOf(name)
  const algorithm = parseSignatureAlgorithm(signatureAlgorithmIdentifier(name))
  const publicKey = parsePublicKey(key.spki)

  it('is verified', () => {
    expect(verifyBytes(message, algorithm, key.sign(message), publicKey)).toBe(true)
  })

  it('is not verified over other bytes', () => {
    expect(verifyBytes(Buffer.from('massage'), algorithm, key.sign(message), publicKey)).toBe(false)
  })

  it.each([0, 1, 63, 64, 65, 256, 2420, 100_000])(
    'is false, and no exception, when it is %i stray octets',
    (length) => {
      expect(verifyBytes(message, algorithm, new Uint8Array(length).fill(0x30), publicKey)).toBe(false)
    },
  )

  it('is not verified with a key of another algorithm', () => {
    const others = EVERY_ALGORITHM.filter((other) => other !== name)
    for (const other of others) {
      const verified = verifyBytes(message, algorithm, key.sign(message), parsePublicKey(keyOf(other).spki))
      expect(verified, other).toBe(false)
    }
  })
})

describe('a signature under an absurd RSA key', () => {
  it.each([
    [1, 3n],
    [512, 3n],
    [2048, 0n],
    [2048, 1n],
    [3072, (1n << 3070n) + 1n],
    [16_384, (1n << 16_000n) + 1n],
    [20_000, 65_537n],
  ])('of %i bits is false, and soon', (bits, exponent) => {
    const key = sequence(integer((1n << BigInt(bits - 1)) | 1n), integer(exponent))
    const publicKey = parsePublicKey(sequence(sequence(oid(OID.rsaEncryption), nullValue()), bitString(key)))
    const algorithm = parseSignatureAlgorithm(signatureAlgorithmIdentifier('rsa-2048'))
    const started = performance.now()
    expect(verifyBytes(message, algorithm, new Uint8Array(Math.ceil(bits / 8)).fill(1), publicKey)).toBe(false)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
