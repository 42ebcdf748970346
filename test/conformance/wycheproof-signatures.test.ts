// Wycheproof's signatures of the kinds that certificates bear, by the way every certificate and CRL goes: key parsed and judged,
// signature verified. ECDSA in the form of IEEE P1363 stands in tokens alone, and is no part of this.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import { parseSignatureAlgorithm, signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { DerRejected } from '../../src/x509/der-rejected.ts'
import { KeyRejected, parsePublicKey, refuseWeakKey } from '../../src/x509/public-key.ts'
import { verifyBytes } from '../../src/x509/signature.ts'
import { describeVectors, readJson } from './vectors.ts'

const FILES: readonly (readonly [file: string, algorithm: KeyAlgorithmName])[] = [
  ['ecdsa_secp256r1_sha256_test.json', 'ec-p256'],
  ['ecdsa_secp384r1_sha384_test.json', 'ec-p384'],
  ['ed25519_test.json', 'ed25519'],
  ['rsa_signature_2048_sha256_test.json', 'rsa-2048'],
]

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKeyDer: string
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly sig: string
      readonly result: string
    }[]
  }[]
}

function verifies(spki: string, message: string, signature: string, algorithm: KeyAlgorithmName): boolean {
  try {
    const key = parsePublicKey(bytes(spki))
    refuseWeakKey(key)
    const identifier = parseSignatureAlgorithm(signatureAlgorithmIdentifier(algorithm))
    return verifyBytes(bytes(message), identifier, bytes(signature), key)
  } catch (error) {
    if (error instanceof KeyRejected || error instanceof DerRejected) return false
    throw error
  }
}

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

describeVectors('wycheproof', (folder) => {
  it.each(FILES)('%s: every invalid signature is refused, every valid one verified', (file, algorithm) => {
    const { testGroups } = readJson(join(folder, file)) as Vectors
    const results = testGroups.flatMap(({ publicKeyDer, tests }) =>
      tests.map(({ tcId, msg, sig, result }) => ({
        tcId,
        result,
        verified: verifies(publicKeyDer, msg, sig, algorithm),
      })),
    )
    const numbersOf = (result: string, verified: boolean): readonly number[] =>
      results.filter((each) => each.result === result && each.verified === verified).map(({ tcId }) => tcId)
    const counts = ['valid', 'acceptable', 'invalid'].map((result) => numbersOf(result, true).length)
    process.stdout.write(`${file}: verified ${counts.join(', ')} of valid, acceptable, invalid\n`)
    expect(numbersOf('invalid', true)).toEqual([])
    expect(numbersOf('valid', false)).toEqual([])
    expect(numbersOf('invalid', false).length).toBeGreaterThan(50)
    // A signature of PKCS #1 without the NULL of its hash: OpenSSL and we refuse it.
    expect(numbersOf('acceptable', true)).toEqual([])
  })
})
