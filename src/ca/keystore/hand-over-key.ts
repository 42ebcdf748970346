// Keys that Signet makes for somebody else: the first administrator's, and a member's who asked for a finished key store.
// They come with a certification request, so that they go through issuing like a key from outside.
import 'reflect-metadata'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import type { KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import { PrivateKeyRejected } from './errors.ts'
import { generalProvider, installGeneralProvider } from './general-provider.ts'
import { algorithmOf, importPkcs8, publicKeyOf } from './private-key.ts'

export interface HandOverKey {
  /** PrivateKeyInfo, DER, in clear: it is its owner's. Blank it once it is delivered. */
  readonly pkcs8: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** PKCS#10 with an empty subject (the profile says the names), DER. */
  readonly certificationRequest: Uint8Array
}

type Making = RsaHashedKeyGenParams | (EcKeyGenParams & { readonly hash: string })

const rsa = (modulusLength: number, hash: string): RsaHashedKeyGenParams => ({
  name: 'RSASSA-PKCS1-v1_5',
  hash,
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
})

/** ML-DSA is not among them: neither PKCS#12 readers nor Java key stores of today take such a key. */
const MAKING: ReadonlyMap<KeyAlgorithmName, Making> = new Map<KeyAlgorithmName, Making>([
  ['ec-p256', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }],
  ['ec-p384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
  ['ed25519', { name: 'EdDSA', namedCurve: 'Ed25519', hash: 'SHA-512' }],
  ['rsa-2048', rsa(2048, 'SHA-256')],
  ['rsa-3072', rsa(3072, 'SHA-256')],
  ['rsa-4096', rsa(4096, 'SHA-384')],
])

/** Throws `PrivateKeyRejected` (`key_algorithm_unsupported`). */
export async function makeHandOverKey(algorithm: KeyAlgorithmName): Promise<HandOverKey> {
  // Here and not when the service starts: the libraries behind it take a third of a second to load.
  installGeneralProvider()
  const making = MAKING.get(algorithm)
  if (making === undefined) throw new PrivateKeyRejected('key_algorithm_unsupported', { algorithm })
  const keys = await generalProvider.subtle.generateKey(making, true, ['sign', 'verify'])
  return {
    pkcs8: new Uint8Array(await generalProvider.subtle.exportKey('pkcs8', keys.privateKey)),
    publicKey: new Uint8Array(await generalProvider.subtle.exportKey('spki', keys.publicKey)),
    certificationRequest: await requestWith(keys, making),
  }
}

/** A request with a key that was made before: a renewal proves possession as the first time. */
export async function requestOfKey(pkcs8: Uint8Array): Promise<Uint8Array> {
  installGeneralProvider()
  const key = importPkcs8(pkcs8)
  const { name: algorithm } = algorithmOf(key)
  const making = MAKING.get(algorithm)
  if (making === undefined) throw new PrivateKeyRejected('key_algorithm_unsupported', { algorithm })
  const { subtle } = generalProvider
  return requestWith(
    {
      privateKey: await subtle.importKey('pkcs8', Uint8Array.from(pkcs8), making, false, ['sign']),
      publicKey: await subtle.importKey('spki', Uint8Array.from(publicKeyOf(key)), making, true, ['verify']),
    },
    making,
  )
}

async function requestWith(keys: CryptoKeyPair, { name, hash }: Making): Promise<Uint8Array> {
  const signingAlgorithm = { name, hash }
  const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm }, generalProvider)
  return new Uint8Array(request.rawData)
}
