// A whole hierarchy in memory, for tests: real keys, a clock that stands still, and signers that count their calls.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { join } from 'node:path'
import type { CertificateRequest, CertifiedIdentity } from '../../src/ca/certificate-request.ts'
import { CrlPartitions, nextPartitions } from '../../src/ca/crl-partitions.ts'
import { type IssuingMeans, prepareCertificate, prepareRoot, signPermit } from '../../src/ca/issue.ts'
import { type Issuer, makeIssuer, partitionUrl } from '../../src/ca/issuer.ts'
import type { LintContext } from '../../src/ca/lint.ts'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { profileNamed } from '../../src/ca/policy/policy.ts'
import { parseDnsName, parseServiceName } from '../../src/domain/dns-name.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import { KEY_ALGORITHMS, type KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import type { ProfileName } from '../../src/domain/profile-name.ts'
import { parseProjectName } from '../../src/domain/project-name.ts'
import type { Signer } from '../../src/domain/signer.ts'
import { parseTrustDomain } from '../../src/domain/spiffe-id.ts'
import { parseSystemUser } from '../../src/domain/system-user.ts'
import { parseServiceAccountName, parseUserName } from '../../src/domain/user-name.ts'
import { parsePublicKey, type PublicKey } from '../../src/x509/public-key.ts'

export const POLICY = loadPolicy(join(import.meta.dirname, '..', '..', 'ca'))
export const NOW = new Date('2026-06-15T12:00:00Z')
export const PUBLIC_HTTP_URL = 'http://pki.signet.internal:8080'
export const TRUST_DOMAIN = parseTrustDomain('signet.example')

export interface TestKey {
  readonly algorithm: KeyAlgorithmName
  readonly publicKey: PublicKey
  readonly privateKey: KeyObject
}

export function makeKey(algorithm: KeyAlgorithmName): TestKey {
  const { publicKey, privateKey } = generate(algorithm)
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  return { algorithm, publicKey: parsePublicKey(spki), privateKey }
}

function generate(name: KeyAlgorithmName): { publicKey: KeyObject; privateKey: KeyObject } {
  const algorithm = KEY_ALGORITHMS.get(name)
  if (algorithm?.kind === 'ec') return generateKeyPairSync('ec', { namedCurve: algorithm.curve })
  if (algorithm?.kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: algorithm.modulusBits })
  if (name === 'ed25519') return generateKeyPairSync('ed25519')
  return generateKeyPairSync(name as 'ml-dsa-44')
}

export interface CountingSigner extends Signer<'certificate'> {
  calls: number
}

export function signerOf({ algorithm, publicKey, privateKey }: TestKey): CountingSigner {
  const known = KEY_ALGORITHMS.get(algorithm)
  const digest = known !== undefined && 'hash' in known ? known.hash : null
  return {
    purpose: 'certificate',
    algorithm,
    publicKey: publicKey.spki,
    calls: 0,
    async sign(bytes) {
      this.calls++
      return new Uint8Array(sign(digest, bytes, privateKey))
    },
  }
}

/** Serials differ, and are the same in each run. */
function countingRandom(): (size: number) => Uint8Array {
  let calls = 0
  return (size) => {
    const bytes = new Uint8Array(size)
    new DataView(bytes.buffer).setUint32(size - 4, ++calls)
    return bytes
  }
}

export interface TestIssuer {
  readonly issuer: Issuer
  readonly key: TestKey
  readonly signer: CountingSigner
}

export interface TestHierarchy {
  readonly means: IssuingMeans
  readonly root: TestIssuer
  readonly users: TestIssuer
  readonly services: TestIssuer
}

export async function makeHierarchy(algorithm: KeyAlgorithmName = 'ec-p256', at: Date = NOW): Promise<TestHierarchy> {
  const fingerprints = new Set<string>()
  const means: IssuingMeans = {
    policy: POLICY,
    trustDomain: TRUST_DOMAIN,
    clock: { now: () => at, monotonicMilliseconds: () => 0 },
    random: countingRandom(),
    caKeyFingerprints: fingerprints,
    partitions: new CrlPartitions(),
  }
  const certify = async (authority: string, parent?: TestIssuer): Promise<TestIssuer> => {
    const key = makeKey(algorithm)
    const signer = signerOf(key)
    const asked = { publicKey: key.publicKey, lifetimeSeconds: 'default' } as const
    const named = { authority, generation: 1, organization: 'Signet' }
    const permit =
      parent === undefined
        ? prepareRoot({ profile: 'root', ...named, ...asked }, PUBLIC_HTTP_URL, means)
        : prepareCertificate({ profile: 'issuing-ca', ...named, ...asked }, parent.issuer, means)
    const { der } = await signPermit(permit, parent?.signer ?? signer)
    fingerprints.add(key.publicKey.fingerprint)
    const issuer = makeIssuer({ authority, generation: 1, certificate: der }, POLICY, PUBLIC_HTTP_URL)
    const urlOf = (number: number): string => partitionUrl(PUBLIC_HTTP_URL, issuer.id, number)
    if (parent !== undefined) means.partitions.load(nextPartitions(issuer.id, [], { count: 4, urlOf, openedAt: at }))
    return { issuer, key, signer }
  }
  const root = await certify('root')
  return { means, root, users: await certify('users', root), services: await certify('services', root) }
}

const names = POLICY.names
const organization = 'Signet'

/** One identity of each profile. */
export const IDENTITIES = {
  root: { profile: 'root', authority: 'root', generation: 2, organization },
  'issuing-ca': { profile: 'issuing-ca', authority: 'services', generation: 2, organization },
  'project-user': {
    profile: 'project-user',
    project: parseProjectName('alpha', names),
    user: parseUserName('bob', names),
  },
  job: {
    profile: 'job',
    project: parseProjectName('alpha', names),
    user: parseUserName('bob', names),
    jobId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  },
  'service-account': {
    profile: 'service-account',
    project: parseProjectName('alpha', names),
    account: parseServiceAccountName('sa-trainer', names),
  },
  'account-job': {
    profile: 'account-job',
    project: parseProjectName('alpha', names),
    account: parseServiceAccountName('sa-trainer', names),
    jobId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  },
  service: {
    profile: 'service',
    name: parseServiceName('model-1.internal', names),
    systemUser: parseSystemUser('serving', names),
    dnsNames: [parseDnsName('model-1.svc.cluster.local', names)],
  },
  'signet-server': {
    profile: 'signet-server',
    commonName: parseDnsName('signet.internal', names),
    dnsNames: [parseDnsName('localhost', names)],
    ipAddresses: ['127.0.0.1', '::1'],
  },
  admin: { profile: 'admin', user: parseUserName('alice', names) },
  'ocsp-responder': { profile: 'ocsp-responder', issuer: issuerId('users', 1) },
  'snapshot-signer': { profile: 'snapshot-signer', organization },
} as const satisfies { readonly [Name in ProfileName]: CertifiedIdentity & { readonly profile: Name } }

export type LeafProfile = Exclude<ProfileName, 'root'>

/** Who issues a profile by the project's policy; an OCSP responder's may be either, here it is `users`. */
export function issuerOf(hierarchy: TestHierarchy, profile: LeafProfile): TestIssuer {
  if (profile === 'service' || profile === 'signet-server' || profile === 'snapshot-signer') return hierarchy.services
  return profile === 'issuing-ca' ? hierarchy.root : hierarchy.users
}

export function requestFor(profile: ProfileName, publicKey: PublicKey): CertificateRequest {
  return { ...IDENTITIES[profile], publicKey, lifetimeSeconds: 'default' }
}

/** With one partition, so that a certificate whose serial number a test has changed stays where it is. */
export function contextFor(hierarchy: TestHierarchy, profile: LeafProfile): LintContext {
  const identity: CertifiedIdentity = IDENTITIES[profile]
  return {
    policy: POLICY,
    profile: profileNamed(POLICY, profile),
    signatory: issuerOf(hierarchy, profile).issuer,
    certified: 'authority' in identity ? POLICY.hierarchy.authorities.get(identity.authority) : undefined,
    issuedAt: NOW,
    partitions: hierarchy.means.partitions.open(issuerOf(hierarchy, profile).issuer.id).slice(0, 1),
  }
}
