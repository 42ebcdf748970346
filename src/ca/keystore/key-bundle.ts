// A key with its certificate in the form that its owner's program reads: PEM, PKCS#12 or JKS, under a passphrase, and the trust
// store that goes with it. What may be refused can be refused before a key is made.
import type { Random } from '../../domain/clock.ts'
import { encodePem } from '../../x509/pem.ts'
import { encryptPrivateKey } from './encrypted-private-key.ts'
import { AliasRejected, PassphraseRejected } from './errors.ts'
import { encodeJks, encodeJksTrustStore } from './jks.ts'
import { MIN_PASSPHRASE_CHARACTERS, passphraseBytes } from './passphrase.ts'

export const KEY_FORMATS = ['pem', 'pkcs12', 'jks'] as const
export type KeyFormat = (typeof KEY_FORMATS)[number]

export interface KeyBundle {
  /** DER. */
  readonly certificate: Uint8Array
  /** The CAs above it, nearest first, DER. */
  readonly chain: readonly Uint8Array[]
  readonly privateKeyPkcs8: Uint8Array
  readonly passphrase: string
  readonly alias: string
}

export interface TrustedRoot {
  readonly alias: string
  /** DER. */
  readonly certificate: Uint8Array
}

/** Printable ASCII alone, whatever the format: Java takes no other, and one passphrase is to open all three. */
export function checkPassphrase(passphrase: string): string {
  if (!/^[\x20-\x7e]*$/.test(passphrase)) throw new PassphraseRejected('passphrase_not_ascii')
  if (passphrase.length < MIN_PASSPHRASE_CHARACTERS) {
    throw new PassphraseRejected('passphrase_too_short', { minCharacters: MIN_PASSPHRASE_CHARACTERS })
  }
  return passphrase
}

/** Throws `AliasRejected`. Key store tools put aliases into file names and command lines. */
export function checkAlias(alias: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(alias)) throw new AliasRejected()
  return alias
}

/** Throws `PassphraseRejected`, and `PrivateKeyRejected` for an ML-DSA key. */
export async function encodeKeyBundle(
  format: KeyFormat,
  bundle: KeyBundle,
  at: Date,
  random: Random,
): Promise<Uint8Array> {
  const { certificate, chain, privateKeyPkcs8, passphrase, alias } = bundle
  switch (format) {
    case 'pem': {
      const key = await encryptPrivateKey(privateKeyPkcs8, passphraseBytes(checkPassphrase(passphrase)), random)
      return Buffer.from([key, ...[certificate, ...chain].map((der) => encodePem('CERTIFICATE', der))].join(''))
    }
    case 'pkcs12': {
      const { encodePkcs12 } = await import('./pkcs12.ts')
      return encodePkcs12({ certificate, chain, privateKeyPkcs8, passphrase, friendlyName: alias })
    }
    case 'jks':
      return encodeJks(
        { alias, privateKeyPkcs8, chain: [certificate, ...chain] },
        checkPassphrase(passphrase),
        at,
        random,
      )
    default:
      return format satisfies never
  }
}

/** The roots as the same program reads them. PEM needs no passphrase. */
export async function encodeTrustStore(
  format: KeyFormat,
  roots: readonly TrustedRoot[],
  passphrase: string,
  at: Date,
): Promise<Uint8Array> {
  switch (format) {
    case 'pem':
      return Buffer.from(roots.map(({ certificate }) => encodePem('CERTIFICATE', certificate)).join(''))
    case 'pkcs12': {
      const { encodePkcs12TrustStore } = await import('./pkcs12.ts')
      const certificates = roots.map(({ alias, certificate }) => ({ certificate, friendlyName: alias }))
      return encodePkcs12TrustStore(certificates, passphrase)
    }
    case 'jks':
      return encodeJksTrustStore(roots, passphrase, at)
    default:
      return format satisfies never
  }
}
