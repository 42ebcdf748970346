import { createPrivateKey, createPublicKey } from 'node:crypto'
import { cryptoProvider, Pkcs10CertificateRequest } from '@peculiar/x509'
import { getEngine } from 'pkijs'
import { describe, expect, test } from 'vitest'
import { generalEngine, generalProvider, installGeneralProvider } from '../../../src/ca/keystore/general-provider.ts'
import { makeHandOverKey } from '../../../src/ca/keystore/hand-over-key.ts'
import { algorithmOf } from '../../../src/ca/keystore/private-key.ts'
import { parseCertificationRequest, verifyProofOfPossession } from '../../../src/x509/certification-request.ts'

describe('a key that is handed over', () => {
  test.each(['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const)(
    'of %s comes with a request that our own path takes, and the library verifies',
    async (algorithm) => {
      const { pkcs8, publicKey, certificationRequest } = await makeHandOverKey(algorithm)
      const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
      expect(algorithmOf(key).name).toBe(algorithm)
      expect(createPublicKey(key).export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(publicKey))
      const request = parseCertificationRequest(certificationRequest)
      expect(Buffer.from(request.publicKey.spki)).toEqual(Buffer.from(publicKey))
      expect(() => verifyProofOfPossession(request)).not.toThrow()
      const read = new Pkcs10CertificateRequest(Uint8Array.from(certificationRequest))
      expect([read.subject, await read.verify(generalProvider)]).toEqual(['', true])
    },
  )

  test.each(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)('is never %s', async (algorithm) => {
    await expect(makeHandOverKey(algorithm)).rejects.toThrow(
      expect.objectContaining({ code: 'key_algorithm_unsupported', facts: { algorithm } }),
    )
  })
})

test('the general provider becomes the default of both libraries', () => {
  installGeneralProvider()
  installGeneralProvider()
  expect(cryptoProvider.get()).toBe(generalProvider)
  expect(getEngine().crypto).toBe(generalEngine)
})
