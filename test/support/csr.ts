// Certification requests as a client makes them, with `@peculiar/x509` and native WebCrypto: nothing of our own encoder.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'

export interface MadeCsr {
  readonly pem: string
  readonly der: Uint8Array
  /** PKCS#8, PEM. */
  readonly key: string
  readonly keys: CryptoKeyPair
}

type Parameters = Omit<NonNullable<Parameters0>, 'keys' | 'signingAlgorithm'>
type Parameters0 = globalThis.Parameters<typeof Pkcs10CertificateRequestGenerator.create>[0]

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** `contents`: name, extensions and attributes as the generator takes them; empty subject by default. */
export async function makeCsr(contents: Parameters = {}, keys?: CryptoKeyPair): Promise<MadeCsr> {
  const pair = keys ?? ((await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])) as CryptoKeyPair)
  const request = await Pkcs10CertificateRequestGenerator.create(
    { ...contents, keys: pair, signingAlgorithm: EC },
    webcrypto as Crypto,
  )
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey as webcrypto.CryptoKey))
  return {
    pem: request.toString('pem'),
    der: new Uint8Array(request.rawData),
    key: pemOf('PRIVATE KEY', pkcs8),
    keys: pair,
  }
}

export function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
