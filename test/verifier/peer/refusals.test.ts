// Every refusal of the published verifier, by code: over real TLS connections of both versions where TLS lets the certificate through.
import * as x509 from '@peculiar/x509'
import { createServer, type Server } from 'node:tls'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProfileName } from '../../../src/domain/profile-name.ts'
import { peerTlsOptions } from '../../../src/verifier/peer/tls-options.ts'
import type { PeerJudge } from '../../../src/verifier/peer/verifier.ts'
import type { AcceptedPeers, PeerQuestion } from '../../../src/verifier/peer/question.ts'
import type { PeerRefusalCode, PeerVerdict } from '../../../src/verifier/peer/verdict.ts'
import {
  alternativeNames,
  dns,
  keyUsage,
  LEAF_TIME,
  type LeafParts,
  makeCa,
  uri,
  unknownExtension,
} from '../authorities.ts'
import {
  CA_SERIAL,
  type CrlParts,
  EVERYONE,
  goodCrls,
  type Held,
  judgeOf,
  leafOf,
  makeCrl,
  makeUsersCa,
  makeWorld,
  NOW,
  oidOf,
  pairOf,
  SERIAL,
  type World,
} from './clinic.ts'

let world: World
let other: World

beforeAll(async () => {
  world = await makeWorld()
  other = await makeWorld()
})

const ASKED: PeerQuestion = { actingUser: 'fraud__alice', at: NOW, revocation: 'required' }

interface Case {
  readonly name: string
  readonly profile?: ProfileName
  readonly change?: (world: World) => Partial<LeafParts> | Promise<Partial<LeafParts>>
  readonly asked?: Partial<PeerQuestion>
  readonly held?: (world: World) => Held | Promise<Held>
  readonly code: PeerRefusalCode
  readonly fault: string
}

const acceptOnly = (accept: Partial<AcceptedPeers>): Partial<PeerQuestion> => ({ accept: { ...EVERYONE, ...accept } })
const usersCrl = (parts: CrlParts) => async (world: World) => ({
  crls: [...(await goodCrls(world)).filter((_, at) => at !== 1), await makeCrl(world.users, parts)],
})
const withoutCrl = (index: number) => async (world: World) => ({
  crls: (await goodCrls(world)).filter((_, at) => at !== index),
})
const secondsAfter = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1000)

const CASES: readonly Case[] = [
  // Whose it is
  {
    name: 'another installation of the same names',
    change: () => ({ issuer: other.users, signedBy: other.users, authorityKey: other.users.keys.publicKey }),
    code: 'CERT_UNTRUSTED',
    fault: 'issuer',
  },
  {
    name: 'our key identifier, and the signature of another',
    change: () => ({ signedBy: other.users }),
    code: 'CERT_UNTRUSTED',
    fault: 'signature',
  },
  {
    name: 'no authority key identifier',
    change: () => ({ authorityKey: 'none' }),
    code: 'CERT_UNTRUSTED',
    fault: 'issuer',
  },
  {
    name: 'a user by the CA for services',
    change: ({ services }) => ({ issuer: services, signedBy: services, authorityKey: services.keys.publicKey }),
    code: 'CERT_UNTRUSTED',
    fault: 'policy',
  },
  {
    name: 'a user by the root itself',
    change: ({ root }) => ({ issuer: root, signedBy: root, authorityKey: root.keys.publicKey }),
    code: 'CERT_UNTRUSTED',
    fault: 'policy',
  },
  {
    name: 'a service by the CA for users',
    profile: 'service',
    change: ({ users }) => ({ issuer: users, signedBy: users, authorityKey: users.keys.publicKey }),
    code: 'CERT_UNTRUSTED',
    fault: 'policy',
  },
  {
    name: 'a leaf that is a CA',
    change: () => ({ basic: new x509.BasicConstraintsExtension(true, 0, true) }),
    code: 'CERT_UNTRUSTED',
    fault: 'authority',
  },
  {
    name: 'a leaf that may sign certificates',
    change: () => ({ usage: keyUsage(x509.KeyUsageFlags.keyCertSign) }),
    code: 'CERT_UNTRUSTED',
    fault: 'key-usage',
  },
  {
    name: 'a leaf that may encipher too',
    change: () => ({ usage: keyUsage(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment) }),
    code: 'CERT_UNTRUSTED',
    fault: 'key-usage',
  },
  { name: 'no key usage', change: () => ({ usage: 'none' }), code: 'CERT_UNTRUSTED', fault: 'key-usage' },
  {
    name: 'an unknown critical extension',
    change: () => ({ more: [unknownExtension('critical')] }),
    code: 'CERT_UNTRUSTED',
    fault: 'critical-extension',
  },
  { name: 'no policy', change: () => ({ policies: [] }), code: 'CERT_UNTRUSTED', fault: 'policy' },
  {
    name: 'two policies',
    change: () => ({ policies: [oidOf('project-user'), oidOf('job')] }),
    code: 'CERT_UNTRUSTED',
    fault: 'policy',
  },
  {
    name: 'a policy that is not Signet’s',
    change: () => ({ policies: ['2.25.7.3'] }),
    code: 'CERT_UNTRUSTED',
    fault: 'policy',
  },
  {
    name: 'the policy of an issuing CA',
    change: () => ({ policies: [oidOf('issuing-ca')] }),
    code: 'CERT_UNTRUSTED',
    fault: 'profile',
  },
  {
    name: 'a DNS name below the CA for users',
    change: () => ({ names: [uri('project/fraud/user/alice'), dns('host.internal')] }),
    code: 'CERT_UNTRUSTED',
    fault: 'name-constraints',
  },
  {
    name: 'a service outside the zones',
    profile: 'service',
    change: () => ({
      subject: [{ CN: ['batch.example.org'] }, { L: ['batch'] }],
      names: [dns('batch.example.org'), uri('service/batch.example.org/batch')],
    }),
    code: 'CERT_UNTRUSTED',
    fault: 'name-constraints',
  },
  {
    name: 'Signet’s own server',
    profile: 'signet-server',
    change: () => ({ purposes: ['1.3.6.1.5.5.7.3.2'] }),
    code: 'CERT_UNTRUSTED',
    fault: 'profile',
  },
  { name: 'an OCSP responder', profile: 'ocsp-responder', code: 'CERT_UNTRUSTED', fault: 'profile' },
  // What it is for
  {
    name: 'for servers alone',
    change: () => ({ purposes: ['1.3.6.1.5.5.7.3.1'] }),
    code: 'CERT_EKU',
    fault: 'extended-key-usage',
  },
  {
    name: 'for anything, which says nothing',
    change: () => ({ purposes: ['2.5.29.37.0'] }),
    code: 'CERT_EKU',
    fault: 'extended-key-usage',
  },
  { name: 'no purpose', change: () => ({ purposes: [] }), code: 'CERT_EKU', fault: 'extended-key-usage' },
  // Time
  {
    name: 'the second after the end',
    asked: { at: secondsAfter(LEAF_TIME.notAfter, 1), revocation: 'off' },
    code: 'CERT_EXPIRED',
    fault: 'expired',
  },
  {
    name: 'the second before the beginning',
    asked: { at: secondsAfter(LEAF_TIME.notBefore, -1) },
    code: 'CERT_NOT_YET_VALID',
    fault: 'not-yet-valid',
  },
  { name: 'a year later', asked: { at: new Date('2027-03-01T12:00:00Z') }, code: 'CERT_EXPIRED', fault: 'expired' },
  { name: 'a time that is none', asked: { at: new Date(NaN) }, code: 'PDP_UNAVAILABLE', fault: 'no-time' },
  // The name
  {
    name: 'two common names',
    change: () => ({ subject: [{ CN: ['fraud__alice'] }, { CN: ['fraud__bob'] }] }),
    code: 'CERT_AMBIGUOUS_CN',
    fault: 'common-name',
  },
  {
    name: 'two common names in one RDN',
    change: () => ({ subject: [{ CN: ['fraud__alice', 'fraud__bob'] }] }),
    code: 'CERT_AMBIGUOUS_CN',
    fault: 'common-name',
  },
  {
    name: 'common name and unit in one RDN',
    change: () => ({ subject: [{ CN: ['fraud__alice'], OU: ['x'] }] }),
    code: 'CERT_AMBIGUOUS_CN',
    fault: 'common-name',
  },
  {
    name: 'no common name',
    change: () => ({ subject: [{ O: ['fraud__alice'] }] }),
    code: 'CERT_AMBIGUOUS_CN',
    fault: 'common-name',
  },
  {
    name: 'a common name without a project',
    change: () => ({ subject: [{ CN: ['alice'] }] }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'a common name with three underscores',
    change: () => ({ subject: [{ CN: ['fraud___alice'] }] }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'a common name with a control character',
    change: () => ({ subject: [{ CN: ['fraud__alice\u0000'] }] }),
    code: 'CERT_MALFORMED',
    fault: 'encoding',
  },
  {
    name: 'a URI of somebody else',
    change: () => ({ names: [uri('project/fraud/user/bob')] }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'a URI of another trust domain',
    change: () => ({ names: [{ type: 'url', value: 'spiffe://other.test/project/fraud/user/alice' }] }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  { name: 'no URI', change: () => ({ names: 'none' }), code: 'CERT_MALFORMED', fault: 'names' },
  {
    name: 'two URIs',
    change: () => ({ names: [uri('project/fraud/user/alice'), uri('project/fraud/user/alice')] }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'the names of a job under the policy of a member',
    change: () => ({
      subject: [{ CN: ['fraud__alice'] }, { OU: ['job-7'] }],
      names: [uri('project/fraud/user/alice/job/job-7')],
    }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'a job without its unit',
    profile: 'job',
    change: () => ({ subject: [{ CN: ['fraud__alice'] }] }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'an account under the policy of a member',
    change: () => ({ subject: [{ CN: ['fraud__sa-etl'] }], names: [uri('project/fraud/user/sa-etl')] }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'a serial number that is not ours',
    change: () => ({ serial: '05' }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'the alternative names twice',
    change: () => ({ more: [alternativeNames(uri('project/fraud/user/bob'))] }),
    code: 'CERT_MALFORMED',
    fault: 'encoding',
  },
  // The acting user
  { name: 'another member', asked: { actingUser: 'fraud__bob' }, code: 'CERT_CN_MISMATCH', fault: 'acting-user' },
  { name: 'another project', asked: { actingUser: 'vision__alice' }, code: 'CERT_CN_MISMATCH', fault: 'acting-user' },
  { name: 'other case', asked: { actingUser: 'fraud__Alice' }, code: 'CERT_CN_MISMATCH', fault: 'acting-user' },
  {
    name: 'the user without the project',
    asked: { actingUser: 'alice' },
    code: 'CERT_CN_MISMATCH',
    fault: 'acting-user',
  },
  {
    name: 'white space behind',
    asked: { actingUser: 'fraud__alice ' },
    code: 'CERT_CN_MISMATCH',
    fault: 'acting-user',
  },
  { name: 'nobody', asked: { actingUser: '' }, code: 'CERT_CN_MISMATCH', fault: 'acting-user' },
  {
    name: 'a look-alike letter',
    asked: { actingUser: 'fraud__\u0430lice' },
    code: 'CERT_CN_MISMATCH',
    fault: 'acting-user',
  },
  {
    name: 'a job as another member',
    profile: 'job',
    asked: { actingUser: 'fraud__bob' },
    code: 'CERT_CN_MISMATCH',
    fault: 'acting-user',
  },
  { name: 'an account as a member', profile: 'service-account', code: 'CERT_CN_MISMATCH', fault: 'acting-user' },
  { name: 'a service as a member', profile: 'service', code: 'CERT_L_MISMATCH', fault: 'acting-user' },
  {
    name: 'a service by its common name',
    profile: 'service',
    asked: { actingUser: 'batch.internal' },
    code: 'CERT_L_MISMATCH',
    fault: 'acting-user',
  },
  {
    name: 'a service without L',
    profile: 'service',
    change: () => ({ subject: [{ CN: ['batch.internal'] }] }),
    asked: { actingUser: 'batch' },
    code: 'CERT_L_MISMATCH',
    fault: 'system-user',
  },
  {
    name: 'a service with two L',
    profile: 'service',
    change: () => ({ subject: [{ CN: ['batch.internal'] }, { L: ['batch'] }, { L: ['root'] }] }),
    asked: { actingUser: 'batch' },
    code: 'CERT_L_MISMATCH',
    fault: 'system-user',
  },
  {
    name: 'a service whose L its URI does not say',
    profile: 'service',
    change: () => ({ subject: [{ CN: ['batch.internal'] }, { L: ['root'] }] }),
    asked: { actingUser: 'root' },
    code: 'CERT_L_MISMATCH',
    fault: 'system-user',
  },
  {
    name: 'a service without L that names nobody',
    profile: 'service',
    change: () => ({ subject: [{ CN: ['batch.internal'] }] }),
    asked: { actingUser: { kind: 'credential-itself' } },
    code: 'CERT_L_MISMATCH',
    fault: 'system-user',
  },
  {
    name: 'a service whose L has two underscores',
    profile: 'service',
    change: () => ({
      subject: [{ CN: ['batch.internal'] }, { L: ['fraud__alice'] }],
      names: [dns('batch.internal'), uri('service/batch.internal/fraud__alice')],
    }),
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  {
    name: 'a service whose CN is no DNS name of it',
    profile: 'service',
    change: () => ({ names: [dns('other.internal'), uri('service/batch.internal/batch')] }),
    asked: { actingUser: 'batch' },
    code: 'CERT_MALFORMED',
    fault: 'names',
  },
  { name: 'an administrator as somebody else', profile: 'admin', code: 'CERT_CN_MISMATCH', fault: 'acting-user' },
  // Who is let in
  {
    name: 'a member of a project that is not served',
    asked: acceptOnly({ projects: ['vision'] }),
    code: 'PROJECT_BOUNDARY',
    fault: 'project',
  },
  {
    name: 'a member where no project is served',
    asked: acceptOnly({ projects: [] }),
    code: 'PROJECT_BOUNDARY',
    fault: 'project',
  },
  {
    name: 'a project of other case',
    asked: acceptOnly({ projects: ['Fraud'] }),
    code: 'PROJECT_BOUNDARY',
    fault: 'project',
  },
  {
    name: 'a job of a project that is not served',
    profile: 'job',
    asked: acceptOnly({ projects: ['vision'] }),
    code: 'PROJECT_BOUNDARY',
    fault: 'project',
  },
  {
    name: 'an account of a project that is not served',
    profile: 'service-account',
    asked: { actingUser: 'fraud__sa-etl', ...acceptOnly({ projects: ['vision'] }) },
    code: 'PROJECT_BOUNDARY',
    fault: 'project',
  },
  {
    name: 'a service that is not listed',
    profile: 'service',
    asked: { actingUser: 'batch', ...acceptOnly({ services: ['other.internal'] }) },
    code: 'NOT_MEMBER',
    fault: 'service',
  },
  {
    name: 'an administrator',
    profile: 'admin',
    asked: { actingUser: 'root_admin', ...acceptOnly({ administrators: 'refuse' }) },
    code: 'ADMIN_NO_DATA',
    fault: 'administrator',
  },
  {
    name: 'an administrator as somebody else, where none is let in',
    profile: 'admin',
    asked: acceptOnly({ administrators: 'refuse' }),
    code: 'ADMIN_NO_DATA',
    fault: 'administrator',
  },
  // Revocation
  { name: 'revoked', held: usersCrl({ revoked: [SERIAL] }), code: 'CERT_REVOKED', fault: 'keyCompromise' },
  {
    name: 'on hold',
    held: usersCrl({ revoked: [SERIAL], reason: x509.X509CrlReason.certificateHold }),
    code: 'CERT_REVOKED',
    fault: 'certificateHold',
  },
  {
    name: 'revoked, where what is unknown is let pass',
    held: usersCrl({ revoked: [SERIAL] }),
    asked: { revocation: 'if-known' },
    code: 'CERT_REVOKED',
    fault: 'keyCompromise',
  },
  {
    name: 'revoked, by a list that has ended',
    held: usersCrl({ revoked: [SERIAL], nextUpdate: new Date('2026-03-01T18:00:00Z') }),
    asked: { at: new Date('2026-03-01T19:00:00Z') },
    code: 'CERT_REVOKED',
    fault: 'keyCompromise',
  },
  { name: 'no list of its issuer', held: withoutCrl(1), code: 'REVOCATION_STALE', fault: 'crl-missing' },
  { name: 'no list of the root', held: withoutCrl(0), code: 'REVOCATION_STALE', fault: 'crl-missing' },
  { name: 'no list at all', held: () => ({ crls: [] }), code: 'REVOCATION_STALE', fault: 'crl-missing' },
  {
    name: 'its issuer revoked by the root',
    held: async (world) => ({
      crls: [...(await goodCrls(world)).slice(1), await makeCrl(world.root, { revoked: [CA_SERIAL] })],
    }),
    code: 'CERT_REVOKED',
    fault: 'keyCompromise',
  },
  {
    name: 'its issuer revoked, and the list of its issuer missing',
    held: async (world) => ({ crls: [await makeCrl(world.root, { revoked: [CA_SERIAL] })] }),
    code: 'CERT_REVOKED',
    fault: 'keyCompromise',
  },
  {
    name: 'the second after nextUpdate',
    held: usersCrl({ nextUpdate: new Date('2026-03-01T18:00:00Z') }),
    asked: { at: new Date('2026-03-01T18:00:01Z') },
    code: 'REVOCATION_STALE',
    fault: 'crl-stale',
  },
  {
    name: 'the root’s list has ended',
    held: async (world) => ({
      crls: [
        ...(await goodCrls(world)).slice(1),
        await makeCrl(world.root, { nextUpdate: new Date('2026-03-01T18:00:00Z') }),
      ],
    }),
    asked: { at: new Date('2026-03-01T18:00:01Z') },
    code: 'REVOCATION_STALE',
    fault: 'crl-stale',
  },
  {
    name: 'a list from the future',
    asked: { at: secondsAfter(new Date('2026-03-01T11:00:00Z'), -61) },
    code: 'REVOCATION_STALE',
    fault: 'crl-not-yet-valid',
  },
  // Lists that are none
  {
    name: 'a list that had ended when it came',
    held: async (world) => ({ ...(await usersCrl({ nextUpdate: new Date('2026-03-01T11:30:00Z') })(world)) }),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a list that begins tomorrow',
    held: usersCrl({ thisUpdate: new Date('2026-03-02T12:00:00Z'), nextUpdate: new Date('2026-03-03T12:00:00Z') }),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a list without an end',
    held: usersCrl({ nextUpdate: 'none' }),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a list without a number',
    held: usersCrl({ number: 'none' }),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a list that another CA signed',
    held: async (world) => usersCrl({ signedBy: world.services })(world),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a list of another installation of the same names',
    held: async (world) => ({
      crls: [...(await goodCrls(world)).filter((_, at) => at !== 1), await makeCrl(other.users)],
    }),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a list with an unknown critical extension',
    held: usersCrl({ more: [unknownExtension('critical')] }),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a delta',
    held: usersCrl({ more: [new x509.Extension('2.5.29.27', true, Uint8Array.of(2, 1, 1))] }),
    code: 'REVOCATION_STALE',
    fault: 'crl-missing',
  },
  {
    name: 'a list for CAs alone',
    held: usersCrl({ more: [new x509.Extension('2.5.29.28', true, Uint8Array.of(0x30, 3, 0x82, 1, 0xff))] }),
    code: 'REVOCATION_STALE',
    fault: 'crl-scope-other',
  },
  {
    name: 'a list of the root for users alone',
    held: async (world) => ({
      crls: [
        ...(await goodCrls(world)).slice(1),
        await makeCrl(world.root, {
          more: [new x509.Extension('2.5.29.28', true, Uint8Array.of(0x30, 3, 0x81, 1, 0xff))],
        }),
      ],
    }),
    code: 'REVOCATION_STALE',
    fault: 'crl-scope-other',
  },
]

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  let server: Server
  let judge: PeerJudge
  let question: PeerQuestion
  const seen: PeerVerdict[] = []

  beforeAll(async () => {
    const serving = await pairOf(await leafOf(world, 'service'))
    server = createServer({ ...serving, ...peerTlsOptions([world.root.der]), minVersion: version, maxVersion: version })
    server.on('secureConnection', (socket) => {
      seen.push(judge.verifyPeer(socket, question))
      socket.end('.')
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  })
  afterAll(() => new Promise((closed) => server.close(closed)))

  async function verdictFor(pair: { cert: string; key: string } | undefined): Promise<PeerVerdict | undefined> {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await new Promise<void>((ended, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...pair })
      socket.on('error', reject).on('end', ended).resume()
    })
    return seen.shift()
  }

  test.each(CASES)('$code: $name', async ({ profile = 'project-user', change, asked, held, code, fault }) => {
    judge = await judgeOf(world, (await held?.(world)) ?? {})
    question = { ...ASKED, ...asked }
    const leaf = await leafOf(world, profile, (await change?.(world)) ?? {})
    expect(await verdictFor(await pairOf(leaf))).toMatchObject({ kind: 'refused', code, fault })
  })

  test('CREDENTIAL_MISSING: no certificate', async () => {
    judge = await judgeOf(world)
    question = ASKED
    expect(await verdictFor(undefined)).toMatchObject({ code: 'CREDENTIAL_MISSING', status: 401 })
  })

  const GOOD = [
    ['project-user', 'fraud__alice', { kind: 'member', project: 'fraud', user: 'alice' }],
    ['job', 'fraud__alice', { kind: 'job', project: 'fraud', user: 'alice', job: 'job-7' }],
    ['service-account', 'fraud__sa-etl', { kind: 'account', project: 'fraud', account: 'sa-etl' }],
    ['account-job', 'fraud__sa-etl', { kind: 'account-job', project: 'fraud', account: 'sa-etl', job: 'job-7' }],
    ['service', 'batch', { kind: 'service', service: 'batch.internal', systemUser: 'batch' }],
    ['admin', 'root_admin', { kind: 'admin', user: 'root_admin' }],
  ] as const

  test.each(GOOD)('verified: %s as %s', async (profile, actingUser, holder) => {
    judge = await judgeOf(world)
    const pair = await pairOf(await leafOf(world, profile))
    const issuer = profile === 'service' ? 'services-1' : 'users-1'
    const identity = { ...holder, actingName: actingUser, issuer, serial: SERIAL, notAfter: LEAF_TIME.notAfter }
    for (const acting of [actingUser, { kind: 'credential-itself' }] as const) {
      question = { ...ASKED, actingUser: acting }
      expect(await verdictFor(pair)).toMatchObject({ kind: 'verified', identity })
    }
  })
})

describe('at the edges', () => {
  const good = async (asked: Partial<PeerQuestion>, held: Held = {}) =>
    (await judgeOf(world, held)).verifyCertificate(await leafOf(world, 'project-user'), { ...ASKED, ...asked })

  test.each<readonly [string, unknown]>([
    ['a list of the name, as a query has it', ['fraud__alice']],
    ['a list of another name', ['fraud__bob']],
    ['a number', 7],
    ['a name in an object', { name: 'fraud__alice' }],
    ['an object of another kind', { kind: 'itself' }],
    ['a String that is no text', new String('fraud__bob')],
  ])('CERT_CN_MISMATCH: acting as %s', async (_, actingUser) => {
    // As callers without types may hand it on.
    const question: PeerQuestion = { ...ASKED, ...Object.fromEntries([['actingUser', actingUser]]) }
    expect(await good(question)).toMatchObject({ code: 'CERT_CN_MISMATCH', fault: 'acting-user' })
  })

  test('PROJECT_BOUNDARY: a text instead of a list of projects accepts no part of it', async () => {
    const accept: AcceptedPeers = { ...EVERYONE, ...Object.fromEntries([['projects', 'fraudulent']]) }
    expect(await good({ accept })).toMatchObject({ code: 'PROJECT_BOUNDARY' })
    expect(await good({ accept: { ...EVERYONE, projects: ['fraud'] } })).toMatchObject({ kind: 'verified' })
  })

  test('the last second of the certificate, and of a list, is good', async () => {
    expect(await good({ at: LEAF_TIME.notAfter, revocation: 'off' })).toMatchObject({ kind: 'verified' })
    expect(await good({ at: LEAF_TIME.notBefore, revocation: 'off' })).toMatchObject({ kind: 'verified' })
    const end = new Date('2026-03-01T18:00:00Z')
    expect(await good({ at: end }, await usersCrl({ nextUpdate: end })(world))).toMatchObject({
      identity: { revocation: { kind: 'checked', goodUntil: end } },
    })
  })

  test('what is unknown passes where that is asked for, and is told', async () => {
    const unchecked = { identity: { revocation: { kind: 'not-checked' } } }
    expect(await good({ revocation: 'if-known' }, { crls: [] })).toMatchObject(unchecked)
    expect(await good({ revocation: 'off' }, await usersCrl({ revoked: [SERIAL] })(world))).toMatchObject(unchecked)
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['no DER', Uint8Array.of(1, 2, 3)],
    ['a megabyte of zeros', new Uint8Array(1024 * 1024)],
    ['a SEQUENCE that never ends', Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff)],
  ])('CERT_MALFORMED: %s', async (_, der) => {
    expect((await judgeOf(world)).verifyCertificate(der, ASKED)).toMatchObject({ code: 'CERT_MALFORMED' })
  })

  test('a certificate that is cut off anywhere, or has a bit changed, lets nobody in', async () => {
    const judge = await judgeOf(world)
    const leaf = await leafOf(world, 'project-user')
    for (let at = 0; at < leaf.length; at++) {
      expect(judge.verifyCertificate(leaf.subarray(0, at), ASKED).kind).toBe('refused')
      const changed = Uint8Array.from(leaf)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(judge.verifyCertificate(changed, ASKED).kind).toBe('refused')
    }
  })

  test('a CA certifies what its own certificate lists, whatever it signs', async () => {
    const users = await makeUsersCa(world.root, { name: 'O=Signet, CN=Signet users CA 2' }, ['project-user'])
    const narrow = { ...world, users }
    const judge = await judgeOf(narrow)
    const ask = async (profile: ProfileName) => judge.verifyCertificate(await leafOf(narrow, profile), ASKED)
    expect(await ask('project-user')).toMatchObject({ kind: 'verified', identity: { issuer: 'users-2' } })
    expect(await ask('job')).toMatchObject({ code: 'CERT_UNTRUSTED', fault: 'policy' })
  })

  test('a CA below no pinned root is passed over, and certifies nobody', async () => {
    const judge = await judgeOf(world)
    judge.trust([world.users, world.services, other.users].map(({ der }) => ({ der, id: undefined })))
    expect(judge.verifyCertificate(await leafOf(world, 'project-user'), ASKED)).toMatchObject({ kind: 'verified' })
    expect(judge.verifyCertificate(await leafOf(other, 'project-user'), ASKED)).toMatchObject({
      code: 'CERT_UNTRUSTED',
    })
  })

  test('a CA below an issuing CA is refused, and so is what is none; the others count', async () => {
    const judge = await judgeOf(world)
    const below = await makeCa({ name: 'CN=Below', parent: world.users })
    const leaf = await leafOf(world, 'project-user')
    const given = [world.users.der, below.der, leaf, Uint8Array.of(0x30, 0)].map((der) => ({ der, id: undefined }))
    expect(judge.trust(given).map(({ fault }) => fault.code)).toEqual(Array(3).fill('trust_rejected'))
    expect(judge.authorities.byId.size).toBe(2)
    expect(judge.verifyCertificate(leaf, ASKED)).toMatchObject({ kind: 'verified' })
    expect(judge.verifyCertificate(await leafOf(world, 'service'), ASKED)).toMatchObject({ code: 'CERT_UNTRUSTED' })
  })
})
