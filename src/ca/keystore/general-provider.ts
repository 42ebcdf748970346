// The general WebCrypto provider: `@peculiar/webcrypto` behind `@peculiar/x509` and pkijs, for keys that are handed over,
// the requests they sign, and PKCS#12. It makes EC, RSA and Ed25519 keys. What it lacks goes to node:crypto: ML-DSA, scrypt,
// and every signature of the CA's own keys, where it is fifteen times slower (docs/decisions).
//
// Keys belong to the provider that made them: a CryptoKey from here does not work with `globalThis.crypto`, so functions
// that take a provider are given this one by name and rely on no global.
import 'reflect-metadata'
import { Crypto } from '@peculiar/webcrypto'
import { cryptoProvider } from '@peculiar/x509'
import { CryptoEngine, setEngine } from 'pkijs'

export const generalProvider = new Crypto()

const ENGINE_NAME = 'signet-general'

/** The same provider as pkijs takes it. */
export const generalEngine = new CryptoEngine({ name: ENGINE_NAME, crypto: generalProvider })

/**
 * Makes it the default of both libraries, for calls inside them that take no provider. Whoever is about to use them calls
 * it; again changes nothing.
 */
export function installGeneralProvider(): void {
  cryptoProvider.set(generalProvider)
  setEngine(ENGINE_NAME, generalEngine)
}
