// PKCS#10 requests (RFC 2986) with one common name and the key's own signature. Not the hot path: the library writes them.
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { type KeyObject, webcrypto } from 'node:crypto'
import type { KeyPair } from './key-pair.ts'
import { Refused } from './refused.ts'

type SigningAlgorithm = Readonly<Record<string, string>> & { readonly name: string }

/** PEM. Throws `Refused` (`key_unreadable`) for a key that signs no request. */
export async function makeCertificationRequest(keys: KeyPair, commonName: string): Promise<string> {
  const signingAlgorithm = signingAlgorithmOf(keys.publicKey)
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ CN: [commonName] }],
      keys: {
        privateKey: keys.privateKey.toCryptoKey(signingAlgorithm, false, ['sign']) as CryptoKey,
        publicKey: keys.publicKey.toCryptoKey(signingAlgorithm, true, ['verify']) as CryptoKey,
      },
      signingAlgorithm,
    },
    // Keys belong to their provider: these are native ones.
    webcrypto as Crypto,
  )
  return `${request.toString('pem')}\n`
}

const CURVES: ReadonlyMap<string, SigningAlgorithm> = new Map([
  ['prime256v1', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }],
  ['secp384r1', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
])

const OTHERS: ReadonlyMap<string, SigningAlgorithm> = new Map([
  ['rsa', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }],
  ['ed25519', { name: 'Ed25519' }],
  ['ml-dsa-44', { name: 'ML-DSA-44' }],
  ['ml-dsa-65', { name: 'ML-DSA-65' }],
  ['ml-dsa-87', { name: 'ML-DSA-87' }],
])

function signingAlgorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm {
  const curve = asymmetricKeyDetails?.namedCurve
  const found = curve === undefined ? OTHERS.get(asymmetricKeyType ?? '') : CURVES.get(curve)
  if (found !== undefined) return found
  throw new Refused('key_unreadable', { kind: curve ?? asymmetricKeyType ?? 'unknown' })
}
