import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { CertificateRequest } from '../../src/ca/certificate-request.ts'
import { type IssuingMeans, prepareCertificate, prepareRoot, signPermit } from '../../src/ca/issue.ts'
import { hasLifeToIssue, makeIssuer, type Signatory } from '../../src/ca/issuer.ts'
import { profileNamed } from '../../src/ca/policy/policy.ts'
import { subjectOf } from '../../src/ca/subject.ts'
import { addSeconds } from '../../src/domain/clock.ts'
import { CodedError } from '../../src/domain/coded-error.ts'
import { parseDnsName, parseServiceName } from '../../src/domain/dns-name.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import type { KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import { parseProjectName } from '../../src/domain/project-name.ts'
import { parseProjectUserName } from '../../src/domain/project-user-name.ts'
import { parseSystemUser } from '../../src/domain/system-user.ts'
import { parseServiceAccountName, parseUserName } from '../../src/domain/user-name.ts'
import { parseCertificate, verifySignature } from '../../src/x509/certificate.ts'
import { singleAttribute } from '../../src/x509/distinguished-name.ts'
import { urisOf } from '../../src/x509/general-name.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey, type PublicKey } from '../../src/x509/public-key.ts'
import {
  IDENTITIES,
  issuerOf,
  type LeafProfile,
  makeHierarchy,
  makeKey,
  NOW,
  POLICY,
  PUBLIC_HTTP_URL,
  requestFor,
  signerOf,
  type TestHierarchy,
} from './test-hierarchy.ts'

const DAY = 86_400
const LEAVES = [
  'project-user',
  'job',
  'service-account',
  'account-job',
  'service',
  'signet-server',
  'admin',
  'ocsp-responder',
  'snapshot-signer',
] as const

let hierarchy: TestHierarchy
let leafKey: PublicKey

beforeAll(async () => {
  hierarchy = await makeHierarchy()
  leafKey = makeKey('ec-p256').publicKey
})

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof CodedError) return String(error.code)
    throw error
  }
  return 'accepted'
}

const prepareFor = (
  request: CertificateRequest,
  signatory: Signatory = hierarchy.users.issuer,
  means: IssuingMeans = hierarchy.means,
) => prepareCertificate(request, signatory, means)

describe('a certificate', () => {
  test.each(LEAVES)('of %s says what its profile says, and verifies', async (profile) => {
    const { issuer, signer } = issuerOf(hierarchy, profile)
    const issued = await signPermit(prepareFor(requestFor(profile, leafKey), issuer), signer)
    const { tbs } = parseCertificate(issued.der)
    const wanted = profileNamed(POLICY, profile)
    expect(verifySignature(parseCertificate(issued.der), issuer.publicKey)).toBe(true)
    expect(tbs.certificatePolicies).toEqual([wanted.policyOid])
    expect(tbs.serialHex).toBe(issued.serial)
    expect(tbs.validity).toEqual(issued.validity)
    expect(tbs.validity.notBefore).toEqual(addSeconds(NOW, -300))
    expect(tbs.validity.notAfter).toEqual(addSeconds(NOW, wanted.lifetime.defaultSeconds - 1))
    expect(issued).toMatchObject({
      profile,
      issuer: issuer.id,
      keyFingerprint: leafKey.fingerprint,
      commonName: singleAttribute(tbs.subject, OID.commonName),
      issuedAt: NOW,
    })
  })

  // ARCHITECTURE, SECURITY rule 1.
  test.each([
    ['project-user', 'CN=alpha__bob', 'URI:spiffe://signet.example/project/alpha/user/bob'],
    [
      'job',
      `CN=alpha__bob\nOU=${IDENTITIES.job.jobId}`,
      `URI:spiffe://signet.example/project/alpha/user/bob/job/${IDENTITIES.job.jobId}`,
    ],
    ['service-account', 'CN=alpha__sa-trainer', 'URI:spiffe://signet.example/project/alpha/account/sa-trainer'],
    [
      'account-job',
      `CN=alpha__sa-trainer\nOU=${IDENTITIES['account-job'].jobId}`,
      `URI:spiffe://signet.example/project/alpha/account/sa-trainer/job/${IDENTITIES['account-job'].jobId}`,
    ],
    [
      'service',
      'CN=model-1.internal\nL=serving',
      'DNS:model-1.internal, DNS:model-1.svc.cluster.local, URI:spiffe://signet.example/service/model-1.internal/serving',
    ],
    ['admin', 'CN=alice\nOU=signet-admin', 'URI:spiffe://signet.example/admin/alice'],
    [
      'signet-server',
      'CN=signet.internal',
      'DNS:signet.internal, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    ],
    ['ocsp-responder', 'CN=users-1 OCSP responder', undefined],
    ['snapshot-signer', 'CN=Signet snapshot signer', undefined],
  ] as const)('of %s is named %j', async (profile, subject, alternative) => {
    const { issuer, signer } = issuerOf(hierarchy, profile)
    const { der } = await signPermit(prepareFor(requestFor(profile, leafKey), issuer), signer)
    const seen = new X509Certificate(der)
    expect(seen.subject).toBe(subject)
    expect(seen.subjectAltName).toBe(alternative)
  })

  test('has the addresses of its issuer', async () => {
    const { issuer, signer } = hierarchy.users
    const { der } = await signPermit(prepareFor(requestFor('job', leafKey)), signer)
    const { tbs } = parseCertificate(der)
    expect(issuer.urls).toMatchObject({
      crl: 'http://pki.signet.internal:8080/pki/crl/users-1.crl',
      deltaCrl: 'http://pki.signet.internal:8080/pki/crl/users-1/delta.crl',
    })
    expect(tbs.authorityInformationAccess).toEqual({
      caIssuers: ['http://pki.signet.internal:8080/pki/ca/users-1.cer'],
      ocsp: ['http://pki.signet.internal:8080/pki/ocsp'],
    })
  })

  test('is issued by the CA whose responder it is', async () => {
    const { issuer, signer } = hierarchy.services
    const request = { ...requestFor('ocsp-responder', leafKey), issuer: issuer.id } as CertificateRequest
    expect((await signPermit(prepareFor(request, issuer), signer)).commonName).toBe('services-1 OCSP responder')
    expect(codeOf(() => prepareFor(requestFor('ocsp-responder', leafKey), issuer))).toBe('lint_failed')
  })
})

describe('a hierarchy', () => {
  const ALGORITHMS = ['ec-p256', 'ec-p384', 'rsa-3072', 'ed25519', 'ml-dsa-65'] as const

  test.each(ALGORITHMS)('of %s verifies from leaf to root', async (algorithm) => {
    const made = await makeHierarchy(algorithm)
    const { publicKey } = makeKey(algorithm)
    const permit = prepareCertificate(requestFor('service', publicKey), made.services.issuer, made.means)
    const leaf = parseCertificate((await signPermit(permit, made.services.signer)).der)
    const { root, services } = made
    expect(verifySignature(leaf, services.issuer.publicKey)).toBe(true)
    expect(verifySignature(services.issuer.certificate, root.issuer.publicKey)).toBe(true)
    expect(verifySignature(root.issuer.certificate, root.issuer.publicKey)).toBe(true)
  })

  test('has CAs that are constrained (SECURITY rules 5, 6)', () => {
    const users = hierarchy.users.issuer.certificate.tbs
    const services = hierarchy.services.issuer.certificate.tbs
    expect(users.basicConstraints).toEqual({ authority: true, pathLength: 0 })
    expect([...(users.keyUsage ?? [])]).toEqual(['keyCertSign', 'cRLSign'])
    expect(users.extendedKeyUsage).toEqual([OID.clientAuth, OID.ocspSigning])
    expect(services.extendedKeyUsage).toEqual([OID.serverAuth, OID.clientAuth, OID.ocspSigning])
    expect(users.nameConstraints?.permitted).toEqual([])
    expect(users.nameConstraints?.excluded.map(({ kind }) => kind)).toEqual(['dns', 'ip', 'ip'])
    expect(services.nameConstraints?.permitted).toEqual([
      { kind: 'dns', value: 'localhost' },
      { kind: 'dns', value: 'internal' },
      { kind: 'dns', value: 'svc.cluster.local' },
    ])
    expect(users.authorityInformationAccess?.ocsp).toEqual([])
    expect(users.crlDistributionPoints).toHaveLength(1)
    expect(hierarchy.root.issuer.certificate.tbs.extensions.has(OID.crlDistributionPoints)).toBe(false)
  })

  test('gives each generation a subject of its own', () => {
    const first = { ...IDENTITIES['issuing-ca'], generation: 1 }
    expect(subjectOf(first, POLICY)).not.toEqual(subjectOf(IDENTITIES['issuing-ca'], POLICY))
  })

  test.each(['project-user', 'service', 'signet-server', 'snapshot-signer'] as const)(
    'is one that OpenSSL verifies strictly, with the policy of %s',
    async (profile) => {
      const { issuer, signer } = issuerOf(hierarchy, profile)
      const { der } = await signPermit(prepareFor(requestFor(profile, leafKey), issuer), signer)
      const folder = mkdtempSync(join(tmpdir(), 'signet-issue-'))
      const file = (name: string, ...certificates: readonly Uint8Array[]) => {
        const pem = certificates.map((bytes) => new X509Certificate(bytes).toString()).join('')
        writeFileSync(join(folder, name), pem)
        return join(folder, name)
      }
      const { root, users, services } = hierarchy
      const inputs = [
        ['-CAfile', file('root.pem', root.issuer.certificate.der)],
        ['-untrusted', file('issuing.pem', users.issuer.certificate.der, services.issuer.certificate.der)],
        ['-policy', profileNamed(POLICY, profile).policyOid],
        ['-attime', String(NOW.getTime() / 1000)],
      ].flat()
      const leaf = file('leaf.pem', der)
      const answer = execFileSync('openssl', ['verify', '-x509_strict', '-explicit_policy', ...inputs, leaf])
      expect(answer.toString()).toBe(`${leaf}: OK\n`)
      rmSync(folder, { recursive: true })
    },
  )

  test('is one in which OpenSSL finds no other kind under a CA', async () => {
    const { issuer, signer } = hierarchy.users
    const { der } = await signPermit(prepareFor(requestFor('admin', leafKey), issuer), signer)
    expect(parseCertificate(der).tbs.certificatePolicies).not.toContain(profileNamed(POLICY, 'job').policyOid)
    const allowed = hierarchy.users.issuer.certificate.tbs.certificatePolicies
    expect(allowed).toContain(profileNamed(POLICY, 'admin').policyOid)
    expect(allowed).not.toContain(profileNamed(POLICY, 'service').policyOid)
  })
})

describe('a life', () => {
  const ask = (lifetimeSeconds: number) => codeOf(() => prepareFor({ ...requestFor('job', leafKey), lifetimeSeconds }))

  test.each([
    [3600, 'accepted'],
    [3601, 'validity_too_long'],
    [1, 'accepted'],
    [0, 'validity_not_whole_seconds'],
    [-1, 'validity_not_whole_seconds'],
    [0.5, 'validity_not_whole_seconds'],
    [Number.NaN, 'validity_not_whole_seconds'],
    [Number.POSITIVE_INFINITY, 'validity_not_whole_seconds'],
  ])('of %d s for a job is %s', (lifetimeSeconds, expected) => {
    expect(ask(lifetimeSeconds)).toBe(expected)
  })

  test.each([
    [0, 'accepted'],
    [-1, 'issuer_expires_first'],
  ])('to the end of its issuer and %d s is %s', (seconds, expected) => {
    const { issuer } = hierarchy.users
    const notAfter = addSeconds(NOW, DAY - 1 + seconds)
    const ending = { ...issuer, validity: { ...issuer.validity, notAfter } }
    expect(codeOf(() => prepareFor(requestFor('project-user', leafKey), ending))).toBe(expected)
  })

  test('begins at the whole second before the moment of issue', () => {
    const clock = { now: () => new Date(NOW.getTime() + 999), monotonicMilliseconds: () => 0 }
    const permit = prepareFor(requestFor('job', leafKey), hierarchy.users.issuer, { ...hierarchy.means, clock })
    expect(permit.facts.validity).toEqual({ notBefore: addSeconds(NOW, -300), notAfter: addSeconds(NOW, 3599) })
  })

  test.each(['2049-06-01T00:00:00Z', '2049-12-31T23:30:00Z', '2050-06-01T00:00:00Z'])(
    'at %s is written as its year asks',
    async (at) => {
      const later = await makeHierarchy('ec-p256', new Date(at))
      const permit = prepareCertificate(requestFor('job', leafKey), later.users.issuer, later.means)
      expect(permit.facts.validity.notAfter).toEqual(addSeconds(new Date(at), 3599))
    },
  )

  test.each([
    [0, true],
    [1, false],
  ])('of an issuer at twice its longest leaf less %d s still issues: %s', (seconds, expected) => {
    const { issuer } = hierarchy.users
    const longest = profileNamed(POLICY, 'admin').lifetime.maxSeconds
    const at = addSeconds(issuer.validity.notAfter, 1 - 2 * longest + seconds)
    expect(hasLifeToIssue(issuer, POLICY, at)).toBe(expected)
  })
})

describe('a key', () => {
  const raw = (spki: PublicKey, profile: LeafProfile = 'project-user') =>
    codeOf(() => prepareFor(requestFor(profile, spki), issuerOf(hierarchy, profile).issuer))

  test.each([
    ['ec-p256', 'accepted'],
    ['ec-p384', 'accepted'],
    ['rsa-2048', 'accepted'],
    ['ed25519', 'accepted'],
    ['ml-dsa-44', 'key_algorithm_not_allowed'], // a family of its own
  ] as const)('of %s is %s', (algorithm, expected) => {
    expect(raw(makeKey(algorithm).publicKey)).toBe(expected)
  })

  test('for a CA is 3072 bits of RSA, not 2048', () => {
    expect(raw(makeKey('rsa-2048').publicKey, 'issuing-ca')).toBe('key_algorithm_not_allowed')
    expect(raw(makeKey('rsa-3072').publicKey, 'issuing-ca')).toBe('accepted')
  })

  test('of any CA is refused', () => {
    for (const { key } of [hierarchy.root, hierarchy.users, hierarchy.services]) {
      expect(raw(key.publicKey)).toBe('key_is_a_ca_key')
    }
  })

  test('off its curve is refused', () => {
    const spki = new Uint8Array(leafKey.spki)
    spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1
    expect(raw(parsePublicKey(spki))).toBe('key_malformed')
  })

  test('of the classical family has no place in a post-quantum hierarchy', async () => {
    const { users, means } = await makeHierarchy('ml-dsa-44')
    expect(codeOf(() => prepareCertificate(requestFor('job', leafKey), users.issuer, means))).toBe(
      'key_algorithm_not_allowed',
    )
    const { publicKey } = makeKey('ml-dsa-44')
    expect(codeOf(() => prepareCertificate(requestFor('job', publicKey), users.issuer, means))).toBe('accepted')
  })
})

describe('an issuer', () => {
  test.each(LEAVES.filter((profile) => profile !== 'ocsp-responder'))(
    'that does not list %s does not issue it',
    (profile) => {
      const right = issuerOf(hierarchy, profile)
      for (const other of [hierarchy.root, hierarchy.users, hierarchy.services].filter((one) => one !== right)) {
        expect(codeOf(() => prepareFor(requestFor(profile, leafKey), other.issuer))).toBe('profile_not_issued')
      }
    },
  )

  test('does not sign a root', () => {
    expect(codeOf(() => prepareFor(requestFor('root', leafKey), hierarchy.root.issuer))).toBe('profile_not_issued')
  })

  test('of an unknown authority is none', () => {
    const request = { ...requestFor('issuing-ca', leafKey), authority: 'others' } as CertificateRequest
    expect(codeOf(() => prepareFor(request, hierarchy.root.issuer))).toBe('authority_unknown')
  })

  test('is not the root under another name', () => {
    const request = { ...requestFor('issuing-ca', leafKey), authority: 'root' } as CertificateRequest
    expect(codeOf(() => prepareFor(request, hierarchy.root.issuer))).toBe('profile_not_issued')
  })

  test('is made from the certificate of a CA alone', async () => {
    const { der } = await signPermit(prepareFor(requestFor('job', leafKey)), hierarchy.users.signer)
    const given = { authority: 'users', generation: 1, certificate: der }
    expect(codeOf(() => makeIssuer(given, POLICY, PUBLIC_HTTP_URL))).toBe('issuer_unusable')
    expect(codeOf(() => makeIssuer({ ...given, authority: 'others' }, POLICY, PUBLIC_HTTP_URL))).toBe('issuer_unusable')
  })

  test('may not be an authority of another profile', () => {
    const request = { ...IDENTITIES.root, authority: 'users', publicKey: leafKey, lifetimeSeconds: 'default' } as const
    expect(codeOf(() => prepareRoot(request, PUBLIC_HTTP_URL, hierarchy.means))).toBe('lint_failed')
  })
})

describe('a name that only certificates have', () => {
  const job = (jobId: string) =>
    codeOf(() => prepareFor({ ...requestFor('job', leafKey), jobId } as CertificateRequest))
  const ca = (organization: string) =>
    codeOf(() =>
      prepareFor({ ...requestFor('issuing-ca', leafKey), organization } as CertificateRequest, hierarchy.root.issuer),
    )

  test.each([
    ['x'.repeat(64), 'accepted'],
    ['x'.repeat(65), 'job_id_rejected'],
    ['', 'job_id_rejected'],
    ['a/b', 'job_id_rejected'],
    ['a__b', 'job_id_rejected'],
    ['a\n', 'job_id_rejected'],
  ])('job %j: %s', (id, expected) => {
    expect(job(id)).toBe(expected)
  })

  test.each([
    ['Example Org.', 'organization_rejected'],
    ['Example Org', 'accepted'],
    ['x'.repeat(40), 'accepted'],
    ['x'.repeat(41), 'organization_rejected'],
    ['Exämple', 'organization_rejected'],
    ['', 'organization_rejected'],
  ])('organization %j: %s', (organization, expected) => {
    expect(ca(organization)).toBe(expected)
  })
})

describe('a permit', () => {
  test('is spent once', async () => {
    const { signer } = hierarchy.users
    const permit = prepareFor(requestFor('job', leafKey))
    await signPermit(permit, signer)
    const before = signer.calls
    await expect(signPermit(permit, signer)).rejects.toMatchObject({ code: 'permit_spent' })
    expect(signer.calls).toBe(before)
  })

  test('of two that use it at once serves one', async () => {
    const { signer } = hierarchy.users
    const permit = prepareFor(requestFor('job', leafKey))
    const both = await Promise.allSettled([signPermit(permit, signer), signPermit(permit, signer)])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  test('is not spent by the key of another CA', async () => {
    const { users, services } = hierarchy
    const permit = prepareFor(requestFor('job', leafKey))
    await expect(signPermit(permit, services.signer)).rejects.toMatchObject({ code: 'signer_mismatch' })
    expect((await signPermit(permit, users.signer)).profile).toBe('job')
  })

  test('is for signers of certificates alone', () => {
    const permit = prepareFor(requestFor('job', leafKey))
    const signer = { ...signerOf(hierarchy.users.key), purpose: 'crl' } as const
    // @ts-expect-error a CRL signer signs no certificate
    const act = () => signPermit(permit, signer)
    expect(act).toBeTypeOf('function')
  })
})

// Universal: whatever names the rules allow, the certificate passes every lint and its common name splits back.
describe('any allowed names', () => {
  const names = POLICY.names
  const from = (alphabet: string, max: number) =>
    fc.array(fc.constantFrom(...alphabet.split('')), { maxLength: max }).map((letters) => letters.join(''))
  const LETTERS = 'abcxyzABCXYZ'
  const oneOf = (rule: { readonly pattern: RegExp }, made: fc.Arbitrary<string>) =>
    made.filter((text) => rule.pattern.test(text))
  const project = oneOf(
    names.project,
    fc.tuple(from(LETTERS, 1), from(`${LETTERS}019_`, 23)).map((parts) => parts.join('')),
  )
  const user = oneOf(
    names.user,
    fc.tuple(from(LETTERS, 1), from(`${LETTERS}019_-`, 37)).map((parts) => parts.join('')),
  ).filter((text) => !text.toLowerCase().startsWith(names.serviceAccountPrefix))
  const account = oneOf(
    names.serviceAccount,
    from(`${LETTERS}019_-`, 30).map((text) => `sa-${text}`),
  )
  const jobId = oneOf(names.jobId, from(`${LETTERS}019-`, 64))
  const systemUser = oneOf(names.systemUser, from('abcxyz019_-', 32))
  const host = oneOf(
    names.dnsName,
    from('abc019-.', 54).map((text) => `${text}.internal`),
  )

  const splits = (request: CertificateRequest, project: string, user: string) => {
    const { commonName } = prepareFor(request).facts
    expect(parseProjectUserName(commonName, names)).toEqual({ project, user })
  }

  test('of users and jobs', () => {
    fc.assert(
      fc.property(project, user, jobId, (projectText, userText, job) => {
        const named = { project: parseProjectName(projectText, names), user: parseUserName(userText, names) }
        const asked = { ...named, publicKey: leafKey, lifetimeSeconds: 'default' } as const
        splits({ profile: 'project-user', ...asked }, projectText, userText)
        splits({ profile: 'job', jobId: job, ...asked }, projectText, userText)
      }),
    )
  })

  test('of service accounts', () => {
    fc.assert(
      fc.property(project, account, (projectText, accountText) => {
        const named = {
          project: parseProjectName(projectText, names),
          account: parseServiceAccountName(accountText, names),
        }
        splits(
          { profile: 'service-account', ...named, publicKey: leafKey, lifetimeSeconds: 'default' },
          projectText,
          accountText,
        )
      }),
    )
  })

  test('of services', async () => {
    const { issuer, signer } = hierarchy.services
    await fc.assert(
      fc.asyncProperty(host, host, systemUser, async (first, second, actsAs) => {
        const identity = {
          profile: 'service',
          name: parseServiceName(first, names),
          systemUser: parseSystemUser(actsAs, names),
          dnsNames: [parseDnsName(second, names)],
        } as const
        const permit = prepareFor({ ...identity, publicKey: leafKey, lifetimeSeconds: 'default' }, issuer)
        const { tbs } = parseCertificate((await signPermit(permit, signer)).der)
        expect(urisOf(tbs.subjectAlternativeName ?? [])).toEqual([`spiffe://signet.example/service/${first}/${actsAs}`])
      }),
    )
  })
})

describe('names together over 64 characters', () => {
  const ask = (userLength: number) => {
    const identity = {
      profile: 'project-user',
      project: parseProjectName(`p${'a'.repeat(23)}`, POLICY.names),
      user: parseUserName(`u${'b'.repeat(userLength - 1)}`, POLICY.names),
    } as const
    return codeOf(() => prepareFor({ ...identity, publicKey: leafKey, lifetimeSeconds: 'default' }))
  }

  test.each([
    [38, 'accepted'],
    [39, 'name_rejected'],
  ])('%i characters of user beside 24 of project: %s', (length, expected) => {
    expect(ask(length)).toBe(expected)
  })

  test.each(['model-1.example.com', 'internal.example'])('a service outside the zones: %s', (name) => {
    const identity = {
      profile: 'service',
      name: parseServiceName(name, POLICY.names),
      systemUser: parseSystemUser('s', POLICY.names),
      dnsNames: [],
    } as const
    const act = () =>
      prepareFor({ ...identity, publicKey: leafKey, lifetimeSeconds: 'default' }, hierarchy.services.issuer)
    expect(codeOf(act)).toBe('name_outside_zones')
  })

  test('an issuer id names one generation', () => {
    expect(hierarchy.users.issuer.id).toBe(issuerId('users', 1))
    const algorithm: KeyAlgorithmName = hierarchy.users.issuer.algorithm
    expect(algorithm).toBe('ec-p256')
  })
})
