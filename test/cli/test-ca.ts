// A CA of the test's own, made by the library: an issuer of certificates and CRLs that shares no code with what is tested.
import * as x509 from '@peculiar/x509'
import { KeyObject, randomBytes, webcrypto } from 'node:crypto'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY = 86_400_000

x509.cryptoProvider.set(webcrypto as Crypto)

export interface Party {
  readonly name: string
  readonly certificate: x509.X509Certificate
  readonly keys: CryptoKeyPair
  /** PEM */
  readonly pem: string
  /** PEM, PKCS#8 */
  readonly key: string
  readonly der: Uint8Array
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string
}

export interface Wanted {
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly extensions?: readonly x509.Extension[]
  readonly keys?: CryptoKeyPair
  readonly serial?: string
}

/** A hierarchy as ours, at a base URL: one root, one issuing CA `users-1`. */
export interface TestHierarchy {
  readonly root: Party
  readonly users: Party
}

export async function makeHierarchy(name = 'Test'): Promise<TestHierarchy> {
  const root = await makeAuthority(`${name} root CA 1`, undefined)
  return { root, users: await makeAuthority(`${name} users CA 1`, root, { pathLength: 0 }) }
}

export async function makeAuthority(
  name: string,
  issuer: Party | undefined,
  { pathLength, ...wanted }: Wanted & { readonly pathLength?: number } = {},
): Promise<Party> {
  const usages = (x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign) as x509.KeyUsageFlags
  return make(`CN=${name}`, issuer, {
    notAfter: new Date(Date.now() + 365 * DAY),
    ...wanted,
    extensions: [
      new x509.BasicConstraintsExtension(true, pathLength, true),
      new x509.KeyUsagesExtension(usages, true),
      ...(issuer === undefined ? [] : urlsOf('root-1')),
      ...(wanted.extensions ?? []),
    ],
  })
}

/** With the URLs of `users-1`, and for TLS clients and servers. */
export function makeLeaf(subject: string, issuer: Party, wanted: Wanted = {}): Promise<Party> {
  return make(subject, issuer, {
    ...wanted,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      ...urlsOf('users-1'),
      ...(wanted.extensions ?? []),
    ],
  })
}

/** For `localhost` and 127.0.0.1. */
export function makeServer(issuer: Party): Promise<Party> {
  const names = new x509.SubjectAlternativeNameExtension([
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
  ])
  return makeLeaf('CN=localhost', issuer, { extensions: [names] })
}

function urlsOf(issuer: string): x509.Extension[] {
  return [
    new x509.CRLDistributionPointsExtension([`http://ca.test/pki/crl/${issuer}.crl`]),
    new x509.AuthorityInfoAccessExtension({ caIssuers: [`http://ca.test/pki/ca/${issuer}.cer`] }),
  ]
}

async function make(subject: string, issuer: Party | undefined, wanted: Wanted): Promise<Party> {
  const keys = wanted.keys ?? (await makeKeys())
  const { extensions = [], serial = ourSerial() } = wanted
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: wholeSeconds(wanted.notBefore ?? new Date(Date.now() - 60_000)),
    notAfter: wholeSeconds(wanted.notAfter ?? new Date(Date.now() + DAY)),
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer?.keys.publicKey ?? keys.publicKey),
    ],
  })
  return partyOf(subject, certificate, keys)
}

async function partyOf(name: string, certificate: x509.X509Certificate, keys: CryptoKeyPair): Promise<Party> {
  return {
    name,
    certificate,
    keys,
    pem: `${certificate.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey as webcrypto.CryptoKey).export({ type: 'pkcs8', format: 'pem' }),
    der: new Uint8Array(certificate.rawData),
    fingerprint: Buffer.from(await certificate.getThumbprint('SHA-256')).toString('hex'),
  }
}

export interface WantedCrl {
  readonly revoked?: readonly string[]
  readonly number?: number
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date
  readonly signer?: Party
  readonly more?: readonly x509.Extension[]
}

/** DER. */
export async function makeCrl(issuer: Party, wanted: WantedCrl = {}): Promise<Uint8Array> {
  const { revoked = [], number = 1, signer = issuer } = wanted
  const crl = await x509.X509CrlGenerator.create({
    issuer: issuer.certificate.subject,
    thisUpdate: wholeSeconds(wanted.thisUpdate ?? new Date(Date.now() - 60_000)),
    nextUpdate: wholeSeconds(wanted.nextUpdate ?? new Date(Date.now() + DAY)),
    signingKey: signer.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    entries: revoked.map((serialNumber) => ({
      serialNumber,
      revocationDate: wholeSeconds(new Date()),
      reason: x509.X509CrlReason.keyCompromise,
    })),
    // INTEGER of at most four octets, the first below 0x80.
    extensions: [
      new x509.Extension('2.5.29.20', false, Uint8Array.of(2, 4, 0x01, 0, 0, number)),
      ...(wanted.more ?? []),
    ],
  })
  return new Uint8Array(crl.rawData)
}

export function makeKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>
}

export function ourSerial(): string {
  return `01${randomBytes(16).toString('hex')}`
}

function wholeSeconds(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000)
}
