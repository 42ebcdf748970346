// Keys, requests, certificates and CRLs for the tests of this folder, made anew each run.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { addSeconds } from '../../src/domain/clock.ts'
import { KEY_ALGORITHMS, type KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import { parseSerialNumber, type SerialNumber } from '../../src/domain/serial-number.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { assembleCertificate } from '../../src/x509/certificate.ts'
import { assembleCrl } from '../../src/x509/crl.ts'
import {
  bitString,
  implicitConstructed,
  oid,
  sequence,
  set,
  smallInteger,
  type Der,
} from '../../src/x509/der-writer.ts'
import { encodeName, type DistinguishedName } from '../../src/x509/distinguished-name.ts'
import { encodeExtensions, type Extension } from '../../src/x509/extension.ts'
import { authorityInformationAccess } from '../../src/x509/extensions/authority-information-access.ts'
import { authorityKeyIdentifier } from '../../src/x509/extensions/authority-key-identifier.ts'
import { basicConstraints } from '../../src/x509/extensions/basic-constraints.ts'
import { certificatePolicies } from '../../src/x509/extensions/certificate-policies.ts'
import { crlDistributionPoints } from '../../src/x509/extensions/crl-distribution-points.ts'
import { crlNumber } from '../../src/x509/extensions/crl-number.ts'
import { extendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../../src/x509/extensions/key-usage.ts'
import { nameConstraints } from '../../src/x509/extensions/name-constraints.ts'
import { subjectAlternativeName } from '../../src/x509/extensions/subject-alternative-name.ts'
import { subjectKeyIdentifier } from '../../src/x509/extensions/subject-key-identifier.ts'
import { parseIpAddress } from '../../src/x509/ip-address.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { encodeTbsCertificate, type TbsCertificateFields } from '../../src/x509/tbs-certificate.ts'
import { encodeTbsCrl, type TbsCrlFields } from '../../src/x509/tbs-crl.ts'

export const NOW = new Date('2026-03-01T12:00:00Z')

export const EVERY_ALGORITHM: readonly KeyAlgorithmName[] = [
  'ec-p256',
  'ec-p384',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
]

/** What OpenSSL 3.0 and Java 17 know too. */
export const CLASSICAL_ALGORITHMS = EVERY_ALGORITHM.filter((name) => !name.startsWith('ml-dsa'))

export interface TestKey {
  readonly algorithm: KeyAlgorithmName
  readonly privateKey: KeyObject
  readonly spki: Uint8Array
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

const keys = new Map<KeyAlgorithmName, TestKey>()

/** One key of each kind for the whole run: RSA keys take long to make. */
export function keyOf(algorithm: KeyAlgorithmName): TestKey {
  const known = keys.get(algorithm) ?? generateKey(algorithm)
  keys.set(algorithm, known)
  return known
}

export function generateKey(algorithm: KeyAlgorithmName): TestKey {
  const parameters = KEY_ALGORITHMS.get(algorithm)
  const pair = generatePair(algorithm)
  const hash = parameters !== undefined && 'hash' in parameters ? parameters.hash : null
  return {
    algorithm,
    privateKey: pair.privateKey,
    spki: new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })),
    sign: (bytes) => sign(hash, bytes, pair.privateKey),
  }
}

function generatePair(algorithm: KeyAlgorithmName): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (algorithm) {
    case 'ec-p256':
    case 'ec-p384':
      return generateKeyPairSync('ec', { namedCurve: algorithm === 'ec-p256' ? 'P-256' : 'P-384' })
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096':
      return generateKeyPairSync('rsa', { modulusLength: Number(algorithm.slice(4)) })
    case 'ed25519':
      return generateKeyPairSync('ed25519')
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return generateKeyPairSync(algorithm)
    default:
      algorithm satisfies never
      throw new Error('no such algorithm')
  }
}

export function commonName(value: string): DistinguishedName {
  return [[{ type: OID.commonName, value }]]
}

export function serial(last: number): SerialNumber {
  return parseSerialNumber(`01${last.toString(16).padStart(32, '0')}`)
}

export function extensionRequest(extensions: readonly Extension[]): Der {
  return sequence(oid(OID.extensionRequest), set(encodeExtensions(extensions)))
}

export interface CsrParts {
  readonly version?: Der
  readonly subject?: Der
  readonly spki?: Der
  /** Elements of `[0]`. */
  readonly attributes?: readonly Der[]
  /** AlgorithmIdentifier. */
  readonly algorithm?: Der
  /** Makes the signature; the key's own by default. */
  readonly sign?: (info: Uint8Array) => Uint8Array
}

/** A certification request for `key`, with what a test wants to be different. */
export function makeCsr(key: TestKey, parts: CsrParts = {}): Uint8Array {
  const info = sequence(
    parts.version ?? smallInteger(0),
    parts.subject ?? encodeName(commonName('FRAUD__alice')),
    parts.spki ?? key.spki,
    implicitConstructed(0, ...(parts.attributes ?? [])),
  )
  const signature = (parts.sign ?? key.sign)(info)
  return sequence(info, parts.algorithm ?? signatureAlgorithmIdentifier(key.algorithm), bitString(signature))
}

/** A certificate that `issuer` signs for `subject`'s key. */
export function makeCertificate(
  issuer: TestKey,
  subject: TestKey,
  fields: Partial<TbsCertificateFields> = {},
): Uint8Array {
  const tbs = encodeTbsCertificate({
    serial: serial(1),
    signatureAlgorithm: issuer.algorithm,
    issuer: encodeName(commonName('Test Issuer 1')),
    validity: { notBefore: NOW, notAfter: addSeconds(NOW, 86_400) },
    subject: encodeName(commonName('FRAUD__alice')),
    spki: subject.spki,
    extensions: leafExtensions(issuer, subject),
    ...fields,
  })
  return assembleCertificate(tbs, issuer.algorithm, issuer.sign(tbs))
}

export function leafExtensions(issuer: TestKey, subject: TestKey): readonly Extension[] {
  return [
    basicConstraints({ authority: false }, 'critical'),
    keyUsage(['digitalSignature'], 'critical'),
    extendedKeyUsage([OID.clientAuth, OID.serverAuth], 'non-critical'),
    subjectAlternativeName(
      [
        { kind: 'uri', value: 'spiffe://signet.internal/project/FRAUD/user/alice' },
        { kind: 'dns', value: 'alice.internal' },
        { kind: 'ip', octets: parseIpAddress('127.0.0.1') },
        { kind: 'ip', octets: parseIpAddress('2001:db8::1') },
      ],
      'non-critical',
    ),
    subjectKeyIdentifier(parsePublicKey(subject.spki).keyIdentifier),
    authorityKeyIdentifier(parsePublicKey(issuer.spki).keyIdentifier),
    crlDistributionPoints(['http://pki.internal/crl/users-1.crl']),
    authorityInformationAccess({
      ocsp: ['http://pki.internal/ocsp'],
      caIssuers: ['http://pki.internal/ca/users-1.cer'],
    }),
    certificatePolicies(['2.25.88805599207476776364421019267525894493.1.3'], 'non-critical'),
  ]
}

/** A CA certificate with name constraints, signed by its own key. */
export function makeAuthority(key: TestKey, fields: Partial<TbsCertificateFields> = {}): Uint8Array {
  const name = encodeName(commonName('Test Issuer 1'))
  return makeCertificate(key, key, {
    subject: name,
    issuer: name,
    validity: { notBefore: NOW, notAfter: new Date('2050-01-01T00:00:00Z') },
    extensions: [
      basicConstraints({ authority: true, pathLength: 0 }, 'critical'),
      keyUsage(['keyCertSign', 'cRLSign'], 'critical'),
      subjectKeyIdentifier(parsePublicKey(key.spki).keyIdentifier),
      nameConstraints({
        permitted: [{ kind: 'dns', value: 'internal' }],
        excluded: [{ kind: 'ip', octets: new Uint8Array(8) }],
      }),
    ],
    ...fields,
  })
}

export function makeCrl(issuer: TestKey, fields: Partial<TbsCrlFields> = {}): Uint8Array {
  const tbs = encodeTbsCrl({
    signatureAlgorithm: issuer.algorithm,
    issuer: encodeName(commonName('Test Issuer 1')),
    thisUpdate: NOW,
    nextUpdate: addSeconds(NOW, 86_400),
    entries: [],
    extensions: [authorityKeyIdentifier(parsePublicKey(issuer.spki).keyIdentifier), crlNumber(7)],
    ...fields,
  })
  return assembleCrl(tbs, issuer.algorithm, issuer.sign(tbs))
}
