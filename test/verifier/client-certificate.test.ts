import { sign } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import { decide } from '../../src/access/decide.ts'
import type { CertificateFault } from '../../src/access/facts.ts'
import type { ProfileName } from '../../src/domain/profile-name.ts'
import { verifyClientCertificate } from '../../src/verifier/client-certificate.ts'
import { buildTrust } from '../../src/verifier/trust.ts'
import { bitString, integer, sequence, time } from '../../src/x509/der-writer.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { question, snapshotOf } from '../access/world.ts'
import {
  type Algorithm,
  constraints,
  dns,
  type Installation,
  install,
  ISSUING_TIME,
  keyUsage,
  LEAF_TIME,
  leafParts,
  type LeafParts,
  makeCa,
  makeKeys,
  makeLeaf,
  NAMES,
  POLICY,
  TRUST_DOMAIN,
  trusted,
  unknownExtension,
  uri,
} from './authorities.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

let ours: Installation
let theirs: Installation
beforeAll(async () => {
  ours = await install()
  theirs = await install()
})

type Change = Partial<LeafParts> | ((parts: LeafParts) => Partial<LeafParts>)

async function leaf(profile: ProfileName, change: Change = {}): Promise<Uint8Array> {
  const parts = leafParts(profile, ours)
  return makeLeaf({ ...parts, ...(typeof change === 'function' ? change(parts) : change) })
}

async function faultOf(profile: ProfileName, change: Change): Promise<string> {
  const facts = verifyClientCertificate(await leaf(profile, change), ours.trust)
  return facts.kind === 'refused' ? `${facts.reason} ${facts.fault}` : 'verified'
}

describe('facts of certificates that hold', () => {
  it('of a member', async () => {
    const der = await leaf('project-user')
    expect(verifyClientCertificate(der, ours.trust)).toEqual({
      kind: 'verified',
      profile: 'project-user',
      project: 'fraud',
      user: 'alice',
      issuer: 'users-1',
      serial: `01${'5e'.repeat(16)}`,
      commonName: 'fraud__alice',
      localities: [],
      organizationalUnits: [],
      spiffeId: 'spiffe://signet.test/project/fraud/user/alice',
      validity: LEAF_TIME,
      fingerprint: parseCertificate(der).fingerprint,
    })
  })

  it.each([
    ['job', { project: 'fraud', user: 'alice', job: 'job-7', organizationalUnits: ['job-7'] }],
    ['service-account', { project: 'fraud', account: 'sa-etl' }],
    ['account-job', { project: 'fraud', account: 'sa-etl', job: 'job-7', organizationalUnits: ['job-7'] }],
    ['service', { service: 'batch.internal', systemUser: 'batch', localities: ['batch'], issuer: 'services-1' }],
    ['admin', { user: 'root_admin' }],
  ] as const)('of a %s', async (profile, facts) => {
    expect(verifyClientCertificate(await leaf(profile), ours.trust)).toMatchObject({
      kind: 'verified',
      profile,
      ...facts,
    })
  })

  it.each<Algorithm>(['ec-p384', 'rsa', 'ed25519', 'ml-dsa-65'])('of a chain with %s keys', async (algorithm) => {
    const installation = await install(algorithm)
    const der = await makeLeaf(leafParts('project-user', installation))
    expect(verifyClientCertificate(der, installation.trust)).toMatchObject({ kind: 'verified', user: 'alice' })
    expect(verifyClientCertificate(der, ours.trust)).toMatchObject({ kind: 'refused', fault: 'issuer' })
  })

  it.each<[string, ProfileName, Change]>([
    ['an extension that is unknown and not critical', 'project-user', { more: [unknownExtension('non-critical')] }],
    ['no basic constraints', 'project-user', { basic: unknownExtension('non-critical') }],
    ['a service without L: that is for the decision', 'service', { subject: [{ CN: ['batch.internal'] }] }],
    [
      'a service with two L: likewise',
      'service',
      { subject: [{ CN: ['batch.internal'] }, { L: ['a'] }, { L: ['b'] }] },
    ],
    ['a CN that is a PrintableString', 'admin', { subject: [{ CN: [{ printableString: 'root_admin' }] }] }],
  ])('with %s', async (_, profile, change) => {
    expect(await faultOf(profile, change)).toBe('verified')
  })

  it('takes the kind from the policy, whatever an OU says', async () => {
    const der = await leaf('project-user', { subject: [{ CN: ['fraud__alice'] }, { OU: ['signet-admin'] }] })
    expect(verifyClientCertificate(der, ours.trust)).toMatchObject({ profile: 'project-user' })
  })

  it('keeps every L of a service in order', async () => {
    const der = await leaf('service', { subject: [{ L: ['z'] }, { CN: ['batch.internal'] }, { L: ['a'] }] })
    expect(verifyClientCertificate(der, ours.trust)).toMatchObject({ localities: ['z', 'a'] })
  })
})

describe('bytes that are no certificate', () => {
  const edits: readonly (readonly [string, (der: Uint8Array) => Uint8Array])[] = [
    ['nothing', () => new Uint8Array()],
    ['text', () => Buffer.from('fraud__alice')],
    ['PEM', (der) => Buffer.from(new x509.X509Certificate(Uint8Array.from(der)).toString('pem'))],
    ['a byte behind it', (der) => Buffer.concat([der, Uint8Array.of(0)])],
    ['another certificate behind it', (der) => Buffer.concat([der, der])],
    ['a byte too few', (der) => der.subarray(0, -1)],
    ['an indefinite length', (der) => Buffer.concat([Uint8Array.of(0x30, 0x80), der.subarray(4), Uint8Array.of(0, 0)])],
    ['a length in too many octets', (der) => Buffer.concat([Uint8Array.of(0x30, 0x83, 0), der.subarray(2)])],
    ['zeros of a megabyte', () => new Uint8Array(1 << 20)],
    ['deep nesting', () => Buffer.alloc(60_000, Uint8Array.of(0x30, 0x80))],
  ]
  it.each(edits)('%s', async (_, edit) => {
    const facts = verifyClientCertificate(edit(await leaf('project-user')), ours.trust)
    expect(facts).toEqual({ kind: 'refused', reason: 'CERT_MALFORMED', fault: 'encoding', validity: 'unproven' })
  })

  it.each<[string, Change]>([
    ['two extensions of one kind', (parts) => ({ more: [parts.basic] })],
    ['two SANs, one of them right', () => ({ more: [new x509.SubjectAlternativeNameExtension([uri('admin/x')])] })],
    ['a newline in the CN', { subject: [{ CN: ['evil\nCN=fraud__alice'] }] }],
    ['a NUL in the CN', { subject: [{ CN: ['fraud__alice\0'] }] }],
    ['a NUL in the OU', { subject: [{ CN: ['fraud__alice'] }, { OU: ['a\0'] }] }],
    ['a DEL in the L', { subject: [{ CN: ['fraud__alice'] }, { L: ['a\x7f'] }] }],
    [
      'a broken SAN',
      { names: 'none', more: [new x509.Extension('2.5.29.17', false, Uint8Array.of(0x30, 0x05, 0x86))] },
    ],
    ['a broken key usage', { usage: new x509.Extension('2.5.29.15', true, Uint8Array.of(0x03, 0x01, 0x00)) }],
    ['a NUL in the URI', { names: [uri('project/fraud/user/alice\0')] }],
  ])('%s', async (_, change) => {
    expect(await faultOf('project-user', change)).toBe('CERT_MALFORMED encoding')
  })

  it('version 1', async () => {
    const { tbs } = parseCertificate(await leaf('project-user'))
    const algorithm = signatureAlgorithmIdentifier('ec-p256')
    const dates = sequence(time(LEAF_TIME.notBefore), time(LEAF_TIME.notAfter))
    const old = sequence(integer(tbs.serialNumber), algorithm, tbs.issuerEncoded, dates, tbs.subjectEncoded, tbs.spki)
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', ours.users.keys.privateKey))
    const signature = sign('sha256', old, { key, format: 'der', type: 'pkcs8' })
    const facts = verifyClientCertificate(sequence(old, algorithm, bitString(signature)), ours.trust)
    expect(facts).toMatchObject({ reason: 'CERT_MALFORMED', fault: 'encoding' })
  })
})

describe('certificates that are not ours', () => {
  const rows: readonly (readonly [CertificateFault, string, ProfileName, Change])[] = [
    ['issuer', 'of an unknown CA', 'project-user', () => leafParts('project-user', theirs)],
    [
      'issuer',
      'of an equal name with another key',
      'project-user',
      () => ({ signedBy: theirs.users, authorityKey: theirs.users.keys.publicKey }),
    ],
    [
      'issuer',
      'of an unknown name with our key',
      'project-user',
      () => ({ issuer: { ...ours.users, name: 'CN=Test users 2' } }),
    ],
    ['issuer', 'without authority key identifier', 'project-user', { authorityKey: 'none' }],
    [
      'issuer',
      'with the name of one CA and the key of another',
      'project-user',
      () => ({ authorityKey: ours.services.keys.publicKey }),
    ],
    ['signature', 'signed by others in our name', 'project-user', () => ({ signedBy: theirs.users })],
    [
      'signature',
      'signed by our services CA in the name of the users CA',
      'project-user',
      () => ({ signedBy: ours.services }),
    ],
    ['authority', 'that says CA:TRUE', 'project-user', { basic: new x509.BasicConstraintsExtension(true, 0, true) }],
    ['key-usage', 'without key usage', 'project-user', { usage: 'none' }],
    ['key-usage', 'for key encipherment', 'project-user', { usage: keyUsage(x509.KeyUsageFlags.keyEncipherment) }],
    [
      'key-usage',
      'for more than signatures',
      'project-user',
      { usage: keyUsage(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyAgreement) },
    ],
    [
      'key-usage',
      'that may sign certificates',
      'project-user',
      { usage: keyUsage(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign) },
    ],
    [
      'critical-extension',
      'with an unknown critical extension',
      'project-user',
      { more: [unknownExtension('critical')] },
    ],
    [
      'critical-extension',
      'with name constraints of its own',
      'project-user',
      { more: [constraints({ permitted: [dnsZone('internal')], excluded: [] })] },
    ],
    ['policy', 'without a policy', 'project-user', { policies: [] }],
    ['policy', 'with two policies', 'project-user', { policies: [POLICY['project-user'], POLICY.job] }],
    ['policy', 'with any policy', 'project-user', { policies: ['2.5.29.32.0'] }],
    ['policy', 'with a policy nobody knows', 'project-user', { policies: ['2.25.8'] }],
    [
      'policy',
      'of the users CA with the policy of services',
      'service',
      () => ({ issuer: ours.users, signedBy: ours.users, authorityKey: ours.users.keys.publicKey }),
    ],
    [
      'policy',
      'of the services CA with the policy of members',
      'project-user',
      () => ({ issuer: ours.services, signedBy: ours.services, authorityKey: ours.services.keys.publicKey }),
    ],
    [
      'policy',
      'of the services CA with the policy of administrators',
      'admin',
      () => ({ issuer: ours.services, signedBy: ours.services, authorityKey: ours.services.keys.publicKey }),
    ],
    [
      'policy',
      'of the root with the policy of members',
      'project-user',
      () => ({ issuer: ours.root, signedBy: ours.root, authorityKey: ours.root.keys.publicKey }),
    ],
    ['policy', 'that is an issuing CA by its policy', 'project-user', { policies: [POLICY['issuing-ca']] }],
    [
      'name-constraints',
      'with a DNS name, from the users CA',
      'project-user',
      { names: [uri('project/fraud/user/alice'), dns('bank.internal')] },
    ],
    [
      'name-constraints',
      'with an address, from the users CA',
      'project-user',
      { names: [uri('project/fraud/user/alice'), { type: 'ip', value: '10.0.0.1' }] },
    ],
    [
      'name-constraints',
      'with an IPv6 address, from the users CA',
      'project-user',
      { names: [uri('project/fraud/user/alice'), { type: 'ip', value: '::1' }] },
    ],
    [
      'name-constraints',
      'with a name outside the zone',
      'service',
      { names: [dns('batch.internal'), dns('batch.example.com'), uri('service/batch.internal/batch')] },
    ],
    [
      'name-constraints',
      'with a name that ends like the zone',
      'service',
      { names: [dns('batch.internal'), dns('evilinternal'), uri('service/batch.internal/batch')] },
    ],
  ]
  it.each(rows)('%s: %s', async (fault, _, profile, change) => {
    expect(await faultOf(profile, change)).toBe(`CERT_UNTRUSTED ${fault}`)
  })

  it('signature: one bit of it, and one bit of what was signed', async () => {
    const der = await leaf('project-user')
    const commonName = Buffer.from(der).indexOf('fraud__alice')
    for (const at of [der.length - 1, commonName]) {
      const changed = Uint8Array.from(der)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(verifyClientCertificate(changed, ours.trust)).toMatchObject({
        reason: 'CERT_UNTRUSTED',
        fault: 'signature',
      })
    }
  })

  it('signature: by SHA-1', async () => {
    const der = await leaf('project-user')
    // ecdsa-with-SHA256 1.2.840.10045.4.3.2 → ecdsa-with-SHA1 1.2.840.10045.4.1, inside and out, is another length:
    // what is signed and what it claims need not agree for the algorithm to be refused, so an RSA one stands in.
    const weak = await install('rsa')
    const parsed = Buffer.from(await makeLeaf(leafParts('project-user', weak)))
    const sha256WithRsa = Buffer.from('2a864886f70d01010b', 'hex')
    for (let at = parsed.indexOf(sha256WithRsa); at >= 0; at = parsed.indexOf(sha256WithRsa, at + 1)) parsed[at + 8] = 5
    expect(verifyClientCertificate(parsed, weak.trust)).toMatchObject({ reason: 'CERT_UNTRUSTED', fault: 'signature' })
    expect(verifyClientCertificate(der, ours.trust).kind).toBe('verified')
  })

  it('says nothing about dates that nobody vouches for', async () => {
    const facts = verifyClientCertificate(await leaf('project-user', () => ({ signedBy: theirs.users })), ours.trust)
    expect(facts.validity).toBe('unproven')
  })
})

describe('certificates of ours that are nobody to let in', () => {
  const member = (...names: x509.JsonGeneralNames): Change => ({ names })
  const rows: readonly (readonly [string, string, ProfileName, Change])[] = [
    ['CERT_EKU extended-key-usage', 'without EKU', 'project-user', { purposes: [] }],
    ['CERT_EKU extended-key-usage', 'for servers only', 'service', { purposes: [SERVER_AUTH] }],
    ['CERT_EKU extended-key-usage', "Signet's own server", 'signet-server', { purposes: [SERVER_AUTH] }],
    ['CERT_EKU extended-key-usage', 'for any purpose', 'project-user', { purposes: ['2.5.29.37.0'] }],
    ['CERT_EKU extended-key-usage', 'an OCSP responder', 'ocsp-responder', { purposes: ['1.3.6.1.5.5.7.3.9'] }],
    ['CERT_UNTRUSTED profile', "Signet's own server as a client", 'signet-server', {}],
    ['CERT_UNTRUSTED profile', 'an OCSP responder as a client', 'ocsp-responder', {}],

    ['CERT_AMBIGUOUS_CN common-name', 'no CN', 'project-user', { subject: [{ O: ['fraud__alice'] }] }],
    ['CERT_AMBIGUOUS_CN common-name', 'an empty subject', 'project-user', { subject: [] }],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'two CNs',
      'project-user',
      { subject: [{ CN: ['fraud__alice'] }, { CN: ['fraud__bob'] }] },
    ],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'one CN twice',
      'project-user',
      { subject: [{ CN: ['fraud__alice'] }, { CN: ['fraud__alice'] }] },
    ],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'two CNs in one RDN',
      'project-user',
      { subject: [{ CN: ['fraud__alice', 'fraud__bob'] }] },
    ],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'a CN beside O in one RDN',
      'project-user',
      { subject: [{ O: ['x'], CN: ['fraud__alice'] }] },
    ],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'L and O in one RDN',
      'service',
      { subject: [{ CN: ['batch.internal'] }, { L: ['batch'], O: ['x'] }] },
    ],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'a CN that is a BMPString',
      'project-user',
      { subject: [{ CN: [{ bmpString: 'fraud__alice' }] }] },
    ],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'a CN that is an IA5String',
      'project-user',
      { subject: [{ CN: [{ ia5String: 'fraud__alice' }] }] },
    ],
    [
      'CERT_AMBIGUOUS_CN common-name',
      'a CN that is a UniversalString',
      'project-user',
      { subject: [{ CN: [{ universalString: 'fraud__alice' }] }] },
    ],

    ['CERT_MALFORMED names', 'no SAN', 'project-user', { names: 'none' }],
    ['CERT_MALFORMED names', 'no URI', 'service', { names: [dns('batch.internal')] }],
    [
      'CERT_MALFORMED names',
      'two URIs',
      'project-user',
      member(uri('project/fraud/user/alice'), uri('project/fraud/user/bob')),
    ],
    [
      'CERT_MALFORMED names',
      'one URI twice',
      'project-user',
      member(uri('project/fraud/user/alice'), uri('project/fraud/user/alice')),
    ],
    ['CERT_MALFORMED names', 'the URI of another user', 'project-user', member(uri('project/fraud/user/bob'))],
    ['CERT_MALFORMED names', 'the URI of another project', 'project-user', member(uri('project/churn/user/alice'))],
    ['CERT_MALFORMED names', 'the URI in another case', 'project-user', member(uri('project/fraud/user/Alice'))],
    ['CERT_MALFORMED names', 'the URI of a job', 'project-user', member(uri('project/fraud/user/alice/job/job-7'))],
    ['CERT_MALFORMED names', 'the URI of an administrator', 'project-user', member(uri('admin/alice'))],
    ['CERT_MALFORMED names', 'a URI that ends in a slash', 'project-user', member(uri('project/fraud/user/alice/'))],
    ['CERT_MALFORMED names', 'a URI with a query', 'project-user', member(uri('project/fraud/user/alice?x'))],
    ['CERT_MALFORMED names', 'an escaped URI', 'project-user', member(uri('project/fraud/user/%61lice'))],
    [
      'CERT_MALFORMED names',
      'another trust domain',
      'project-user',
      member({ type: 'url', value: 'spiffe://other.test/project/fraud/user/alice' }),
    ],
    [
      'CERT_MALFORMED names',
      'the trust domain in upper case',
      'project-user',
      member({ type: 'url', value: 'spiffe://SIGNET.test/project/fraud/user/alice' }),
    ],
    [
      'CERT_MALFORMED names',
      'another scheme',
      'project-user',
      member({ type: 'url', value: 'https://signet.test/project/fraud/user/alice' }),
    ],

    ['CERT_MALFORMED names', 'a CN without separator', 'project-user', named('alice', 'project/fraud/user/alice')],
    ['CERT_MALFORMED names', 'a CN with two separators', 'project-user', named('a1__b__c', 'project/a1/user/b__c')],
    [
      'CERT_MALFORMED names',
      'a CN with three underscores',
      'project-user',
      named('fraud___alice', 'project/fraud/user/_alice'),
    ],
    [
      'CERT_MALFORMED names',
      'a CN with a space behind it',
      'project-user',
      named('fraud__alice ', 'project/fraud/user/alice '),
    ],
    ['CERT_MALFORMED names', 'a CN that is not ASCII', 'project-user', { subject: [{ CN: ['fraud__ren\u00e9'] }] }],
    [
      'CERT_MALFORMED names',
      'a CN with a byte order mark',
      'project-user',
      { subject: [{ CN: ['\ufefffraud__alice'] }] },
    ],
    ['CERT_MALFORMED names', 'an empty CN', 'project-user', { subject: [{ CN: [''] }] }],
    [
      'CERT_MALFORMED names',
      'a CN of 65 characters',
      'project-user',
      named(`fraud__${'a'.repeat(58)}`, `project/fraud/user/${'a'.repeat(58)}`),
    ],
    [
      'CERT_MALFORMED names',
      'an account as a member',
      'project-user',
      named('fraud__sa-etl', 'project/fraud/user/sa-etl'),
    ],
    [
      'CERT_MALFORMED names',
      'a member as an account',
      'service-account',
      named('fraud__alice', 'project/fraud/account/alice'),
    ],

    [
      'CERT_MALFORMED names',
      "an account's job as a member's",
      'job',
      { subject: [{ CN: ['fraud__sa-etl'] }, { OU: ['job-7'] }], names: [uri('project/fraud/user/sa-etl/job/job-7')] },
    ],
    [
      'CERT_MALFORMED names',
      "a member's job as an account's",
      'account-job',
      { subject: [{ CN: ['fraud__alice'] }, { OU: ['job-7'] }], names: [uri('project/fraud/account/alice/job/job-7')] },
    ],
    [
      'CERT_MALFORMED names',
      "an account's job whose URI is the account's",
      'account-job',
      { names: [uri('project/fraud/account/sa-etl')] },
    ],
    ['CERT_MALFORMED names', "an account's job without OU", 'account-job', { subject: [{ CN: ['fraud__sa-etl'] }] }],
    ['CERT_MALFORMED names', 'a job without OU', 'job', { subject: [{ CN: ['fraud__alice'] }] }],
    [
      'CERT_MALFORMED names',
      'a job with two OUs',
      'job',
      { subject: [{ CN: ['fraud__alice'] }, { OU: ['job-7'] }, { OU: ['job-8'] }] },
    ],
    [
      'CERT_MALFORMED names',
      'a job with the OU of another',
      'job',
      { subject: [{ CN: ['fraud__alice'] }, { OU: ['job-8'] }] },
    ],
    [
      'CERT_MALFORMED names',
      'a job whose OU is a path',
      'job',
      { subject: [{ CN: ['fraud__alice'] }, { OU: ['a/b'] }], names: [uri('project/fraud/user/alice/job/a/b')] },
    ],
    ['CERT_MALFORMED names', 'a job with the URI of a member', 'job', { names: [uri('project/fraud/user/alice')] }],

    [
      'CERT_MALFORMED names',
      'a service whose CN is none of its DNS names',
      'service',
      { names: [dns('other.internal'), uri('service/batch.internal/batch')] },
    ],
    [
      'CERT_MALFORMED names',
      'a service with the URI of another',
      'service',
      { names: [dns('batch.internal'), uri('service/other.internal/batch')] },
    ],
    [
      'CERT_MALFORMED names',
      'a service whose system user is a member',
      'service',
      { names: [dns('batch.internal'), uri('service/batch.internal/fraud__alice')] },
    ],
    [
      'CERT_MALFORMED names',
      'a service without system user',
      'service',
      { names: [dns('batch.internal'), uri('service/batch.internal')] },
    ],
    [
      'CERT_MALFORMED names',
      'an administrator with a member name',
      'admin',
      named('fraud__alice', 'admin/fraud__alice'),
    ],
    ['CERT_MALFORMED names', 'a serial that is none of ours', 'project-user', { serial: '0102030405' }],
  ]
  it.each(rows)('%s: %s', async (expected, _, profile, change) => {
    expect(await faultOf(profile, change)).toBe(expected)
  })

  it('gives their validity, so that time can be judged first', async () => {
    const facts = verifyClientCertificate(await leaf('service', { purposes: [SERVER_AUTH] }), ours.trust)
    expect(facts.validity).toEqual(LEAF_TIME)
  })

  function named(commonName: string, path: string): Change {
    return { subject: [{ CN: [commonName] }], names: [uri(path)] }
  }
})

describe('purposes of the CAs above', () => {
  it.each([
    [[SERVER_AUTH], 'refused'],
    [[CLIENT_AUTH], 'verified'],
    [['2.5.29.37.0'], 'verified'],
  ])('%s: %s', async (purposesOfCa, kind) => {
    const ca = await makeCa({
      name: 'CN=Test users 1',
      parent: ours.root,
      more: [new x509.ExtendedKeyUsageExtension(purposesOfCa)],
    })
    const trust = trustIn(ca)
    const der = await makeLeaf(leafParts('project-user', { ...ours, users: ca }))
    expect(verifyClientCertificate(der, trust).kind).toBe(kind)
  })
})

describe('time, which the decision judges', () => {
  it('is what the whole path has in common', async () => {
    const late = { notBefore: ISSUING_TIME.notBefore, notAfter: new Date('2040-01-01T00:00:00Z') }
    const facts = verifyClientCertificate(await leaf('project-user', { time: late }), ours.trust)
    expect(facts.validity).toEqual(ISSUING_TIME)
  })

  it.each([
    ['2026-02-28T23:59:59Z', 'CERT_NOT_YET_VALID'],
    ['2026-03-01T12:00:00Z', 'ALLOWED'],
    ['2026-03-01T18:00:00.999Z', 'ALLOWED'],
    ['2026-03-01T18:00:01Z', 'CERT_EXPIRED'],
  ])('of an issuer that ends at 18:00, at %s: %s', async (now, reason) => {
    const time = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-03-01T18:00:00Z') }
    const ca = await makeCa({ name: 'CN=Test users 1', parent: ours.root, time })
    const facts = verifyClientCertificate(
      await makeLeaf(leafParts('project-user', { ...ours, users: ca })),
      trustIn(ca),
    )
    const at = { wall: new Date(now), monotonic: 1_000_000 }
    expect(decide(snapshotOf(), question(facts), at).reason).toBe(reason)
  })
})

it('lets the one whom the certificate names in, and nobody else', async () => {
  const facts = verifyClientCertificate(await leaf('project-user'), ours.trust)
  const at = { wall: new Date('2026-03-01T12:00:00Z'), monotonic: 1_000_000 }
  expect(decide(snapshotOf(), question(facts), at).reason).toBe('ALLOWED')
  const asBob = question(facts, { actingUser: { kind: 'named', name: 'fraud__bob' } })
  expect(decide(snapshotOf(), asBob, at).reason).toBe('CERT_CN_MISMATCH')
})

it('is not led by chains that the peer might send: an issuer of ours that is not in the trust is unknown', async () => {
  const ca = await makeCa({ name: 'CN=Test users 3', parent: ours.root, keys: await makeKeys() })
  const der = await makeLeaf(leafParts('project-user', { ...ours, users: ca }))
  expect(verifyClientCertificate(der, ours.trust)).toMatchObject({ fault: 'issuer' })
})

function trustIn(users: Installation['users']) {
  return buildTrust({
    roots: [trusted('root', ours.root)],
    issuing: [trusted('users', users, 'project-user')],
    names: NAMES,
    trustDomain: TRUST_DOMAIN,
  })
}

function dnsZone(value: string) {
  return { kind: 'dns', value } as const
}
