// Certificates whose CRL is one of several: each is held against its own partition, its delta, and whatever is complete.
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import type { PeerQuestion } from '../../../src/verifier/peer/question.ts'
import { crlDistributionPoints } from '../../../src/x509/extensions/crl-distribution-points.ts'
import { deltaCrlIndicator } from '../../../src/x509/extensions/delta-crl-indicator.ts'
import { issuingDistributionPoint } from '../../../src/x509/extensions/issuing-distribution-point.ts'
import { type CrlParts, CRL_TIME, judgeOf, leafOf, makeCrl, makeWorld, NOW, SERIAL, type World } from './clinic.ts'

const ASKED: PeerQuestion = { actingUser: 'fraud__alice', at: NOW, revocation: 'required' }
const OWN = 'http://pki.test/users-1/3.crl'
const OTHER = 'http://pki.test/users-1/4.crl'
const STALE = { code: 'REVOCATION_STALE' }
const REVOKED = { code: 'CERT_REVOKED' }
const GOOD = { kind: 'verified' }

let world: World
let leaf: Uint8Array

const asExtension = ({ oid, critical, value }: { oid: string; critical: boolean; value: Uint8Array }) =>
  new x509.Extension(oid, critical, Uint8Array.from(value))

beforeAll(async () => {
  world = await makeWorld()
  leaf = await leafOf(world, 'project-user', { more: [asExtension(crlDistributionPoints([OWN]))] })
})

interface Given extends CrlParts {
  /** Undefined: for all certificates. */
  readonly point?: string
  /** Undefined: no delta. */
  readonly base?: number
}

function crl({ point, base, ...parts }: Given): Promise<Uint8Array> {
  const scope =
    point === undefined ? [] : [asExtension(issuingDistributionPoint({ uris: [point], certificates: 'all' }))]
  const delta = base === undefined ? [] : [asExtension(deltaCrlIndicator(BigInt(base)))]
  return makeCrl(world.users, { ...parts, more: [...scope, ...delta] })
}

async function judgeWith(...given: readonly Given[]) {
  const judge = await judgeOf(world, { crls: [await makeCrl(world.root)] })
  for (const each of given) expect(judge.takeCrl(await crl(each))).toMatchObject({ kind: 'taken' })
  return judge
}

describe('a certificate of a partition', () => {
  const HOLD = x509.X509CrlReason.certificateHold
  const RELEASE = x509.X509CrlReason.removeFromCRL
  const listed = { revoked: [SERIAL] }
  const ended = { nextUpdate: new Date(NOW.getTime() - 1000), thisUpdate: CRL_TIME.thisUpdate }

  test.each<readonly [string, readonly Given[], object]>([
    ['its own', [{ point: OWN }], GOOD],
    ['its own, which lists it', [{ point: OWN, ...listed }], REVOKED],
    ['another', [{ point: OTHER }], STALE],
    ['another, which lists its number', [{ point: OTHER, ...listed }, { point: OWN }], GOOD],
    ['the complete one', [{}], GOOD],
    ['the complete one, which lists it', [listed, { point: OWN, number: 9 }], REVOKED],
    ['the complete one, and its own lists it', [{ number: 9 }, { point: OWN, ...listed }], REVOKED],
    ['a delta alone', [{ number: 2, base: 1 }], STALE],
    ['a delta to its own', [{ point: OWN }, { point: OWN, number: 2, base: 1, ...listed }], REVOKED],
    ['a delta to another', [{ point: OWN }, { point: OTHER, number: 2, base: 1, ...listed }], GOOD],
    ['a delta to the complete one', [{}, { number: 2, base: 1, ...listed }], REVOKED],
    [
      'a delta that releases it',
      [
        { ...listed, reason: HOLD },
        { number: 2, base: 1, ...listed, reason: RELEASE },
      ],
      GOOD,
    ],
    [
      'a delta to a newer complete one that is not there, after one that revokes it',
      [{ number: 5 }, { number: 7, base: 5, ...listed }, { number: 9, base: 8 }],
      REVOKED,
    ],
    [
      'a delta to a newer complete one, which came then',
      [{ number: 5 }, { number: 7, base: 5, ...listed }, { number: 9, base: 8 }, { number: 8 }],
      GOOD,
    ],
  ])('by %s', async (_, given, verdict) => {
    expect((await judgeWith(...given)).verifyCertificate(leaf, ASKED)).toMatchObject(verdict)
  })

  test('by its own that has ended is not known to be good, and revoked if it was listed', async () => {
    const at = new Date(NOW)
    const judge = await judgeOf(world, { crls: [await makeCrl(world.root)], now: new Date(ended.nextUpdate) })
    for (const each of [{ point: OWN, ...ended }]) judge.takeCrl(await crl(each))
    expect(judge.verifyCertificate(leaf, { ...ASKED, at })).toMatchObject({ ...STALE, fault: 'crl-stale' })
    judge.takeCrl(await crl({ point: OWN, number: 2, ...listed, ...ended }))
    expect(judge.verifyCertificate(leaf, { ...ASKED, at })).toMatchObject(REVOKED)
  })
})

test('the status tells which lists are held, and is ready by partitions where nothing is for all', async () => {
  const judge = await judgeWith({ point: OWN, number: 4 }, { point: OWN, number: 5, base: 4 })
  const ofUsers = () =>
    judge
      .heldCrls()
      .flatMap(({ issuer, kind, point, number }) => (issuer === 'users-1' ? [{ kind, point, number }] : []))
  expect(ofUsers()).toEqual([
    { kind: 'partition', point: OWN, number: '4' },
    { kind: 'delta', point: OWN, number: '5' },
  ])
  expect(judge.isReady()).toBe(false)
  judge.takeCrl(await makeCrl(world.services))
  expect(judge.isReady()).toBe(true)
})
