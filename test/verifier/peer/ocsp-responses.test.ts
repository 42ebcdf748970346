// OCSP answers that a server has at hand about its peer: one that holds counts beside the lists, and none outweighs a revocation.
import { KeyObject, sign } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { PeerQuestion } from '../../../src/verifier/peer/question.ts'
import { readPathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import { serial } from '../../x509/fixtures.ts'
import { type Ca as EvidenceCa, encodeOcsp, type OcspParts, REVOKED, UNKNOWN } from '../revocation/evidence.ts'
import type { Ca } from '../authorities.ts'
import {
  CRL_TIME,
  type CrlParts,
  judgeOf,
  leafOf,
  makeCrl,
  makeWorld,
  NOW,
  SERIAL,
  toldOf,
  type World,
} from './clinic.ts'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'

const NUMBER = 5
const STALE = { code: 'REVOCATION_STALE' }
const REVOKED_HERE = { code: 'CERT_REVOKED' }
const GOOD = { kind: 'verified', identity: { revocation: { kind: 'checked' } } }

let world: World
let leaf: Uint8Array

beforeAll(async () => {
  world = await makeWorld()
  leaf = await leafOf(world, 'project-user', { serial: serial(NUMBER) })
})

function signing({ name, keys, der }: Ca): EvidenceCa {
  const privateKey = KeyObject.from(keys.privateKey)
  const certificate = readPathCertificate(der)
  const { spki } = certificate.certificate.tbs
  const key = {
    algorithm: 'ec-p256',
    privateKey,
    spki,
    sign: (bytes: Uint8Array) => sign('sha256', bytes, privateKey),
  } as const
  return { name, key, certificate }
}

const ocsp = (change: Partial<OcspParts> = {}, by: Ca = world.users): Uint8Array =>
  encodeOcsp({ issuer: signing(by), number: NUMBER, ...CRL_TIME, producedAt: CRL_TIME.thisUpdate, ...change })

interface Case {
  readonly crl: CrlParts | 'none'
  readonly answers: () => readonly Uint8Array[]
  readonly verdict: object
}

const long = new Date(NOW.getTime() - 1000)

test.each<readonly [string, Case]>([
  ['one that says good, where there is no list', { crl: 'none', answers: () => [ocsp()], verdict: GOOD }],
  ['none', { crl: 'none', answers: () => [], verdict: STALE }],
  [
    'one that says revoked, where the list does not',
    { crl: {}, answers: () => [ocsp({ status: REVOKED })], verdict: REVOKED_HERE },
  ],
  [
    'one that says good, where the list says revoked',
    { crl: { revoked: [serial(NUMBER)] }, answers: () => [ocsp()], verdict: REVOKED_HERE },
  ],
  [
    'two that contradict each other',
    { crl: 'none', answers: () => [ocsp(), ocsp({ status: REVOKED })], verdict: REVOKED_HERE },
  ],
  ['one that knows nothing', { crl: {}, answers: () => [ocsp({ status: UNKNOWN })], verdict: GOOD }],
  ['one about another certificate', { crl: 'none', answers: () => [ocsp({ number: 6 })], verdict: STALE }],
  ['one of another CA', { crl: 'none', answers: () => [ocsp({}, world.services)], verdict: STALE }],
  [
    'one that the leaf’s CA did not sign',
    { crl: 'none', answers: () => [ocsp({ signer: signing(world.services) })], verdict: STALE },
  ],
  ['one that has ended', { crl: 'none', answers: () => [ocsp({ nextUpdate: long })], verdict: STALE }],
  ['one without an end', { crl: 'none', answers: () => [ocsp({ nextUpdate: 'none' })], verdict: STALE }],
  ['what is none', { crl: 'none', answers: () => [Uint8Array.of(0x30, 0)], verdict: STALE }],
  [
    'more than are looked at',
    { crl: 'none', answers: () => [...Array<Uint8Array>(4).fill(ocsp({ number: 6 })), ocsp()], verdict: STALE },
  ],
])('%s', async (_, { crl, answers, verdict }) => {
  const lists = crl === 'none' ? [] : [await makeCrl(world.users, crl)]
  const judge = await judgeOf(world, { crls: [await makeCrl(world.root), ...lists] })
  const asked: PeerQuestion = { actingUser: 'fraud__alice', at: NOW, revocation: 'required', ocspResponses: answers() }
  expect(judge.verifyCertificate(leaf, asked)).toMatchObject(verdict)
})

test('an answer says nothing of the CAs above, and nothing against the feed or a list that has ended', async () => {
  const asked: PeerQuestion = { actingUser: 'fraud__alice', at: NOW, revocation: 'required', ocspResponses: [ocsp()] }
  const none = await judgeOf(world, { crls: [] })
  expect(none.verifyCertificate(leaf, asked)).toMatchObject(STALE)
  const told = await judgeOf(world)
  told.tell(parseIssuerId('users-1'), { ...toldOf('revoked', 7), serialHex: serial(NUMBER) })
  expect(told.verifyCertificate(leaf, asked)).toMatchObject(REVOKED_HERE)
  const now = new Date(long)
  const ended = await judgeOf(world, { crls: [await makeCrl(world.root)], now })
  ended.takeCrl(await makeCrl(world.users, { revoked: [SERIAL, serial(NUMBER)], nextUpdate: long }))
  expect(ended.verifyCertificate(leaf, asked)).toMatchObject(REVOKED_HERE)
})
