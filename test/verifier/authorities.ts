// Certificates for tests of the verifier, made by `@peculiar/x509` and not by our own encoder: a root, a CA for users and
// one for services, and leaves in which anything can be changed.
import * as x509 from '@peculiar/x509'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import type { ProfileName } from '../../src/domain/profile-name.ts'
import { parseTrustDomain } from '../../src/domain/spiffe-id.ts'
import { nameConstraints } from '../../src/x509/extensions/name-constraints.ts'
import { buildTrust, type Trust, type TrustedIssuer } from '../../src/verifier/trust.ts'

x509.cryptoProvider.set(crypto)

export type Algorithm = 'ec-p256' | 'ec-p384' | 'rsa' | 'ed25519' | 'ml-dsa-65'

const ALGORITHMS = {
  'ec-p256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ec-p384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: Uint8Array.of(1, 0, 1), modulusLength: 2048 },
  ed25519: { name: 'Ed25519' },
  'ml-dsa-65': { name: 'ML-DSA-65' },
} as const

export const POLICY: Readonly<Record<ProfileName, string>> = {
  root: '2.25.7.1',
  'issuing-ca': '2.25.7.2',
  'project-user': '2.25.7.3',
  job: '2.25.7.4',
  'service-account': '2.25.7.5',
  service: '2.25.7.6',
  'signet-server': '2.25.7.7',
  admin: '2.25.7.8',
  'ocsp-responder': '2.25.7.9',
  'snapshot-signer': '2.25.7.10',
  'account-job': '2.25.7.11',
}

export const OTHER_EXTENSION = '2.25.7.99'
export const NAMES = loadPolicy('ca').names
export const TRUST_DOMAIN = parseTrustDomain('signet.test')

export const LEAF_TIME = { notBefore: new Date('2026-03-01T06:00:00Z'), notAfter: new Date('2026-03-02T06:00:00Z') }
export const ISSUING_TIME = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') }
export const ROOT_TIME = { notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2030-01-01T00:00:00Z') }

export interface Ca {
  readonly name: string
  readonly algorithm: Algorithm
  readonly keys: CryptoKeyPair
  readonly der: Uint8Array
}

export interface CertificateParts {
  readonly subject: x509.JsonNameParams
  readonly issuer: Pick<Ca, 'name' | 'algorithm'> & { readonly keys: Pick<CryptoKeyPair, 'privateKey'> }
  readonly publicKey: CryptoKey
  readonly extensions: readonly x509.Extension[]
  readonly time: { readonly notBefore: Date; readonly notAfter: Date }
  readonly serial: string
}

export async function makeKeys(algorithm: Algorithm = 'ec-p256'): Promise<CryptoKeyPair> {
  const made = await crypto.subtle.generateKey(ALGORITHMS[algorithm], true, ['sign', 'verify'])
  if (!('privateKey' in made)) throw new Error('no key pair')
  return made
}

export async function makeCertificate(parts: CertificateParts): Promise<Uint8Array> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: parts.serial,
    subject: new x509.Name(parts.subject),
    issuer: parts.issuer.name,
    ...parts.time,
    publicKey: parts.publicKey,
    signingKey: parts.issuer.keys.privateKey,
    signingAlgorithm: ALGORITHMS[parts.issuer.algorithm],
    extensions: [...parts.extensions],
  })
  return new Uint8Array(certificate.rawData)
}

export const authorityKeyIdentifier = (key: CryptoKey) => x509.AuthorityKeyIdentifierExtension.create(key)
export const keyUsage = (flags: x509.KeyUsageFlags) => new x509.KeyUsagesExtension(flags, true)
export const purposes = (...oids: string[]) => new x509.ExtendedKeyUsageExtension(oids)
export const policies = (...oids: string[]) => new x509.CertificatePolicyExtension(oids)
export const alternativeNames = (...names: x509.JsonGeneralNames) => new x509.SubjectAlternativeNameExtension(names)
export const unknownExtension = (criticality: 'critical' | 'non-critical') =>
  new x509.Extension(OTHER_EXTENSION, criticality === 'critical', Uint8Array.of(5, 0))

/** By our own encoder: the library has no class for it, and nothing in it is signed or judged. */
export function constraints(...given: Parameters<typeof nameConstraints>): x509.Extension {
  const { oid, critical, value } = nameConstraints(...given)
  return new x509.Extension(oid, critical, Uint8Array.from(value))
}

export interface CaParts {
  readonly name: string
  readonly parent?: Ca
  readonly algorithm?: Algorithm
  readonly keys?: CryptoKeyPair
  readonly time?: CertificateParts['time']
  readonly basic?: x509.Extension
  readonly usage?: x509.Extension
  readonly more?: readonly x509.Extension[]
}

export async function makeCa(given: CaParts): Promise<Ca> {
  const { name, parent, algorithm = 'ec-p256', more = [] } = given
  const keys = given.keys ?? (await makeKeys(algorithm))
  const issuer = parent ?? { name, algorithm, keys }
  const signer = parent?.keys.publicKey ?? keys.publicKey
  const der = await makeCertificate({
    subject: new x509.Name(name).toJSON(),
    issuer,
    publicKey: keys.publicKey,
    serial: `01${'0c'.repeat(16)}`,
    time: given.time ?? (parent === undefined ? ROOT_TIME : ISSUING_TIME),
    extensions: [
      given.basic ?? new x509.BasicConstraintsExtension(true, parent === undefined ? undefined : 0, true),
      given.usage ?? keyUsage(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await authorityKeyIdentifier(signer),
      ...more,
    ],
  })
  return { name, algorithm, keys, der }
}

export function trusted(authority: string, ca: Ca, ...profiles: readonly ProfileName[]): TrustedIssuer {
  const issues = new Map(profiles.map((profile) => [POLICY[profile], profile]))
  return { id: issuerId(authority, 1), certificate: ca.der, issues }
}

export interface Installation {
  readonly root: Ca
  readonly users: Ca
  readonly services: Ca
  readonly trust: Trust
}

export async function install(algorithm: Algorithm = 'ec-p256'): Promise<Installation> {
  const root = await makeCa({ name: 'CN=Test root 1', algorithm })
  const under = { parent: root, algorithm }
  const allIps = [new Uint8Array(8), new Uint8Array(32)].map((octets) => ({ kind: 'ip', octets }) as const)
  const users = await makeCa({
    ...under,
    name: 'CN=Test users 1',
    more: [
      purposes('1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.9'),
      constraints({ permitted: [], excluded: [{ kind: 'dns', value: '' }, ...allIps] }),
    ],
  })
  const services = await makeCa({
    ...under,
    name: 'CN=Test services 1',
    more: [
      purposes('1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.9'),
      constraints({ permitted: [{ kind: 'dns', value: 'internal' }], excluded: [] }),
    ],
  })
  const trust = buildTrust({
    roots: [trusted('root', root, 'issuing-ca', 'snapshot-signer')],
    issuing: [
      trusted('users', users, 'project-user', 'job', 'service-account', 'account-job', 'admin', 'ocsp-responder'),
      trusted('services', services, 'service', 'signet-server', 'ocsp-responder'),
    ],
    names: NAMES,
    trustDomain: TRUST_DOMAIN,
  })
  return { root, users, services, trust }
}

export interface LeafParts {
  readonly issuer: Ca
  readonly subject: x509.JsonNameParams
  readonly names: x509.JsonGeneralNames | 'none'
  readonly policies: readonly string[]
  readonly purposes: readonly string[]
  readonly usage: x509.Extension | 'none'
  readonly basic: x509.Extension
  readonly authorityKey: CryptoKey | 'none'
  readonly signedBy: Ca
  readonly more: readonly x509.Extension[]
  readonly time: CertificateParts['time']
  readonly serial: string
}

const CLIENT = ['1.3.6.1.5.5.7.3.2']
const SERVER_AND_CLIENT = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']

/** A certificate of this profile that holds, as parts. */
export function leafParts(profile: ProfileName, { users, services }: Installation): LeafParts {
  const issuer = profile === 'service' || profile === 'signet-server' ? services : users
  return {
    issuer,
    signedBy: issuer,
    authorityKey: issuer.keys.publicKey,
    ...SUBJECTS[profile],
    policies: [POLICY[profile]],
    purposes: profile === 'service' ? SERVER_AND_CLIENT : CLIENT,
    usage: keyUsage(x509.KeyUsageFlags.digitalSignature),
    basic: new x509.BasicConstraintsExtension(false, undefined, true),
    more: [],
    time: LEAF_TIME,
    serial: `01${'5e'.repeat(16)}`,
  }
}

export const uri = (path: string): x509.JsonGeneralName => ({ type: 'url', value: `spiffe://signet.test/${path}` })
export const dns = (value: string): x509.JsonGeneralName => ({ type: 'dns', value })

const NOBODY: Pick<LeafParts, 'subject' | 'names'> = { subject: [{ CN: ['somebody'] }], names: 'none' }
const SUBJECTS: Readonly<Record<ProfileName, Pick<LeafParts, 'subject' | 'names'>>> = {
  root: NOBODY,
  'issuing-ca': NOBODY,
  'project-user': { subject: [{ CN: ['fraud__alice'] }], names: [uri('project/fraud/user/alice')] },
  job: { subject: [{ CN: ['fraud__alice'] }, { OU: ['job-7'] }], names: [uri('project/fraud/user/alice/job/job-7')] },
  'service-account': { subject: [{ CN: ['fraud__sa-etl'] }], names: [uri('project/fraud/account/sa-etl')] },
  'account-job': {
    subject: [{ CN: ['fraud__sa-etl'] }, { OU: ['job-7'] }],
    names: [uri('project/fraud/account/sa-etl/job/job-7')],
  },
  service: {
    subject: [{ CN: ['batch.internal'] }, { L: ['batch'] }],
    names: [dns('batch.internal'), uri('service/batch.internal/batch')],
  },
  'signet-server': { subject: [{ CN: ['signet.internal'] }], names: [dns('signet.internal')] },
  admin: { subject: [{ CN: ['root_admin'] }, { OU: ['signet-admin'] }], names: [uri('admin/root_admin')] },
  'ocsp-responder': NOBODY,
  'snapshot-signer': NOBODY,
}

let sharedKeys: Promise<CryptoKeyPair> | undefined

/** Those of every leaf that is made here. */
export function leafKeys(): Promise<CryptoKeyPair> {
  sharedKeys ??= makeKeys()
  return sharedKeys
}

export async function makeLeaf(parts: LeafParts): Promise<Uint8Array> {
  const { publicKey } = await leafKeys()
  const optional = [
    parts.names === 'none' ? [] : [alternativeNames(...parts.names)],
    parts.policies.length === 0 ? [] : [policies(...parts.policies)],
    parts.purposes.length === 0 ? [] : [purposes(...parts.purposes)],
    parts.usage === 'none' ? [] : [parts.usage],
    parts.authorityKey === 'none' ? [] : [await authorityKeyIdentifier(parts.authorityKey)],
  ].flat()
  return makeCertificate({
    subject: parts.subject,
    issuer: { ...parts.signedBy, name: parts.issuer.name },
    publicKey,
    extensions: [parts.basic, ...optional, ...parts.more],
    time: parts.time,
    serial: parts.serial,
  })
}
