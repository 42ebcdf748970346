// A certificate that says all that another one says, its issuer too, signed by a key that is nobody's: what anybody can make.
// It leads to no root. Used once, by the doctor, and never written to a file.
import { webcrypto } from 'node:crypto'

/** PEM. */
export interface Pair {
  readonly certificate: string
  readonly key: string
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** Identifiers of keys, which are others here: RFC 5280 §4.2.1.1, §4.2.1.2. */
const OF_KEYS: ReadonlySet<string> = new Set(['2.5.29.14', '2.5.29.35'])

export async function makeForeignCopy(certificate: string): Promise<Pair & { readonly der: Uint8Array }> {
  const { X509Certificate, X509CertificateGenerator } = await import('@peculiar/x509')
  const original = new X509Certificate(certificate)
  const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])
  const theirs = await webcrypto.subtle.generateKey(EC, false, ['sign', 'verify'])
  const copy = await X509CertificateGenerator.create(
    {
      serialNumber: original.serialNumber,
      subject: original.subjectName.toJSON(),
      issuer: original.issuerName.toJSON(),
      notBefore: original.notBefore,
      notAfter: original.notAfter,
      publicKey: keys.publicKey as CryptoKey,
      signingKey: theirs.privateKey as CryptoKey,
      signingAlgorithm: EC,
      extensions: original.extensions.filter(({ type }) => !OF_KEYS.has(type)),
    },
    webcrypto as Crypto,
  )
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`
  return { certificate: copy.toString('pem'), key, der: new Uint8Array(copy.rawData) }
}
