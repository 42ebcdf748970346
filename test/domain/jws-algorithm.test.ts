// The algorithm is the key's: a signature that holds is refused under every other name, and a name alone holds nothing.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isSignedBy, JWS_ALGORITHMS } from '../../src/domain/jws-algorithm.ts'
import type { KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const KEYS = new Map<KeyAlgorithmName, Pair>([
  ['ec-p256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ec-p384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['rsa-2048', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ed25519', generateKeyPairSync('ed25519')],
  ['ml-dsa-44', generateKeyPairSync('ml-dsa-44')],
  ['ml-dsa-65', generateKeyPairSync('ml-dsa-65')],
  ['ml-dsa-87', generateKeyPairSync('ml-dsa-87')],
])

const NAMES = new Set(Object.values(JWS_ALGORITHMS).map(({ alg }) => alg))
const signingInput = Buffer.from('e30.e30')

describe.each([...KEYS])('a key of %s', (algorithm, { publicKey, privateKey }) => {
  const { alg, hash } = JWS_ALGORITHMS[algorithm]
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const signature = sign(hash, signingInput, { key: privateKey, dsaEncoding: 'ieee-p1363' })

  test('holds under its own algorithm alone', () => {
    const holding = [...NAMES, 'none', ''].filter((each) =>
      isSignedBy({ alg: each, signingInput, signature }, spki, algorithm),
    )
    expect(holding).toEqual([alg])
  })

  test.each([
    ['other bytes', { alg, signature, signingInput: Buffer.from('e30.e31') }],
    ['a signature cut short', { alg, signingInput, signature: signature.subarray(1) }],
    ['no signature', { alg, signingInput, signature: Buffer.alloc(0) }],
  ])('refuses %s', (_, parts) => {
    expect(isSignedBy(parts, spki, algorithm)).toBe(false)
  })
})

test('ECDSA in DER is no JWS (RFC 7518 §3.4)', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signature = sign('sha256', signingInput, { key: privateKey, dsaEncoding: 'der' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  expect(isSignedBy({ alg: 'ES256', signingInput, signature }, spki, 'ec-p256')).toBe(false)
})
