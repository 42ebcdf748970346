// What a thief of an issuing key could make: the real CA certificates once more, with keys of ours in the place of theirs,
// and a leaf below them. Names and constraints are copied byte for byte, so that a relying party's refusal is theirs.
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { ClientIdentity } from '../support/https-client.ts'
import { pemOf as encodePem } from '../support/csr.ts'

export interface Forgery {
  /** PEM. */
  readonly root: string
  readonly issuer: string
  readonly dnsNames: readonly string[]
  /** What stands between the issuing CA and the leaf, against its path length of 0. */
  readonly below: 'nothing' | 'a-ca-of-its-own'
}

export interface Forged {
  readonly root: string
  /** The CAs between root and leaf. */
  readonly between: string
  readonly leaf: string
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const KEY_IDENTIFIERS = ['2.5.29.14', '2.5.29.35']

interface Copy {
  readonly certificate: X509Certificate
  readonly keys: CryptoKeyPair
}

export async function forgeBelowCopy({ root, issuer, dnsNames, below }: Forgery): Promise<Forged> {
  const rootCopy = await copyOf(new X509Certificate(root))
  const issuerCopy = await copyOf(new X509Certificate(issuer), rootCopy)
  const caOfItsOwn = below === 'nothing' ? undefined : await makeBelow(issuerCopy, 'O=Thief, CN=CA', caExtensions())
  const leafExtensions = [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...sanOf(dnsNames)]
  const leaf = await makeBelow(caOfItsOwn ?? issuerCopy, 'CN=vision__alice', leafExtensions)
  const between = [issuerCopy, ...(caOfItsOwn === undefined ? [] : [caOfItsOwn])].map(pemOf).join('')
  return { root: pemOf(rootCopy), between, leaf: pemOf(leaf) }
}

/** What anybody can make: a certificate with a name of their choice, signed by itself. */
export async function makeSelfSigned(commonName: string): Promise<ClientIdentity> {
  const made = await make({ subject: `CN=${commonName}`, extensions: [], by: undefined })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', made.keys.privateKey as webcrypto.CryptoKey))
  return { certificate: pemOf(made), key: encodePem('PRIVATE KEY', pkcs8) }
}

function pemOf({ certificate }: Copy): string {
  return `${certificate.toString('pem')}\n`
}

function sanOf(dnsNames: readonly string[]): Extension[] {
  if (dnsNames.length === 0) return []
  return [new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns' as const, value })))]
}

function caExtensions(): Extension[] {
  return [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ]
}

/** Everything of a certificate but its key, and what follows from the key. */
async function copyOf(original: X509Certificate, by?: Copy): Promise<Copy> {
  const extensions = original.extensions.filter(({ type }) => !KEY_IDENTIFIERS.includes(type))
  return make({ subject: original.subjectName.toJSON(), extensions, by })
}

function makeBelow(by: Copy, subject: string, extensions: Extension[]): Promise<Copy> {
  return make({ subject, extensions, by })
}

interface Made {
  readonly subject: string | JsonName
  readonly extensions: Extension[]
  readonly by: Copy | undefined
}

async function make({ subject, extensions, by }: Made): Promise<Copy> {
  const keys = (await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])) as CryptoKeyPair
  const signingKey = by?.keys ?? keys
  const provider = webcrypto as Crypto
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: `01${randomBytes(16).toString('hex')}`,
      subject,
      issuer: by?.certificate.subjectName.toJSON() ?? subject,
      notBefore: new Date(Date.now() - 300_000),
      notAfter: new Date(Date.now() + 3_600_000),
      publicKey: keys.publicKey,
      signingKey: signingKey.privateKey,
      signingAlgorithm: EC,
      extensions: [
        ...extensions,
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, provider),
        await AuthorityKeyIdentifierExtension.create(signingKey.publicKey, false, provider),
      ],
    },
    provider,
  )
  return { certificate, keys }
}
