// What the verifier holds of revocation: which lists replace which, and what a feed says on top of them.
import { beforeAll, describe, expect, test } from 'vitest'
import type { PeerQuestion } from '../../../src/verifier/peer/question.ts'
import type { PeerJudge } from '../../../src/verifier/peer/verifier.ts'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import {
  CA_SERIAL,
  type CrlParts,
  judgeOf,
  leafOf,
  makeCrl,
  makeUsersCa,
  makeWorld,
  NOW,
  SERIAL,
  toldOf,
  type World,
} from './clinic.ts'

const USERS = parseIssuerId('users-1')
const ASKED: PeerQuestion = { actingUser: 'fraud__alice', at: NOW, revocation: 'required' }
const REVOKED = { code: 'CERT_REVOKED' }
const GOOD = { kind: 'verified' }

let world: World
let leaf: Uint8Array
let judge: PeerJudge

beforeAll(async () => {
  world = await makeWorld()
  leaf = await leafOf(world, 'project-user')
})

const verdict = (at = NOW) => judge.verifyCertificate(leaf, { ...ASKED, at })
const put = async (parts: CrlParts) => judge.takeCrl(await makeCrl(world.users, parts))

describe('a list replaces another', () => {
  const REFUSED: readonly (readonly [string, CrlParts, string])[] = [
    ['of a lower number', { number: 4 }, 'crl-number-lower'],
    [
      'of the same number with another text',
      { number: 5, thisUpdate: new Date('2026-03-01T11:00:01Z') },
      'crl-number-reused',
    ],
    ['without a number', { number: 'none' }, 'crl-number-missing'],
    ['that has ended', { number: 6, nextUpdate: new Date('2026-03-01T11:59:59Z') }, 'crl-stale'],
    ['without an end', { number: 6, nextUpdate: 'none' }, 'crl-next-update-missing'],
    ['from the future', { number: 6, thisUpdate: new Date('2026-03-01T12:01:01Z') }, 'crl-not-yet-valid'],
  ]

  test.each(REFUSED)('not one %s: the old one goes on', async (_, parts, fault) => {
    judge = await judgeOf(world, { crls: [await makeCrl(world.root)] })
    const first = await makeCrl(world.users, { number: 5, revoked: [SERIAL] })
    expect(judge.takeCrl(first)).toEqual({ kind: 'taken', issuer: 'users-1' })
    expect(await put(parts)).toMatchObject({ kind: 'refused', fault })
    expect(verdict()).toMatchObject(REVOKED)
    expect(judge.takeCrl(first)).toEqual({ kind: 'unchanged', issuer: 'users-1' })
    expect(judge.numbersOf(USERS)).toEqual({ complete: 5n, newest: 5n })
  })

  test('not one that another key signed, nor one of nobody, nor what is none', async () => {
    judge = await judgeOf(world)
    expect(await put({ number: 9, signedBy: world.services })).toMatchObject({ fault: 'crl-signature-invalid' })
    const other = await makeWorld()
    expect(judge.takeCrl(await makeCrl(other.users, { number: 9 }))).toMatchObject({ fault: 'crl-signature-invalid' })
    const broken = await makeCrl(world.users, { number: 9 })
    broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1
    expect(judge.takeCrl(broken)).toMatchObject({ fault: 'crl-signature-invalid' })
    expect(judge.takeCrl(broken.subarray(0, -1))).toMatchObject({ fault: 'crl-malformed' })
    expect(judge.numbersOf(USERS)).toEqual({ complete: 1n, newest: 1n })
  })

  test('one of a higher number does: what was revoked is, and what was released is good', async () => {
    judge = await judgeOf(world)
    expect(verdict()).toMatchObject(GOOD)
    await put({ number: 2, revoked: [SERIAL] })
    expect(verdict()).toMatchObject(REVOKED)
    await put({ number: 3 })
    expect(verdict()).toMatchObject(GOOD)
  })
})

describe('what a feed says', () => {
  test('counts at once, until a list says it too', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, toldOf('revoked', 7))
    expect(verdict()).toMatchObject(REVOKED)
    // A list that was made before says nothing against it.
    await put({ number: 2 })
    expect(verdict()).toMatchObject(REVOKED)
    await put({ number: 3, revoked: [SERIAL] })
    // Nothing is held on top of the list from here on: only a list can take it back.
    await put({ number: 4 })
    expect(verdict()).toMatchObject(GOOD)
  })

  test('is not forgotten for a list of before, which says that it was on hold', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, toldOf('held', 7))
    judge.tell(USERS, toldOf('released', 8))
    judge.tell(USERS, toldOf('revoked', 9, new Date('2026-03-01T11:00:02.500Z')))
    // Both lists were made before the last event, and come after it.
    await put({ number: 2, revoked: [SERIAL] })
    await put({ number: 3 })
    expect(verdict()).toMatchObject(REVOKED)
    const next = await makeUsersCa(world.root, { name: 'O=Signet, CN=Signet users CA 2' })
    judge.trust([world.users, world.services, next].map(({ der }) => ({ der, id: undefined })))
    expect(verdict()).toMatchObject(REVOKED)
  })

  test('takes back what the feed has said, and nothing that a list says', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, toldOf('held', 7))
    expect(verdict()).toMatchObject(REVOKED)
    judge.tell(USERS, toldOf('released', 8))
    expect(verdict()).toMatchObject(GOOD)
    // It came before.
    judge.tell(USERS, toldOf('held', 7))
    expect(verdict()).toMatchObject(GOOD)
    await put({ number: 2, revoked: [SERIAL] })
    judge.tell(USERS, toldOf('released', 9))
    expect(verdict()).toMatchObject(REVOKED)
    await put({ number: 3 })
    expect(verdict()).toMatchObject(GOOD)
  })

  test('is forgotten when it begins anew, behind lists that cover it', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, toldOf('revoked', 7))
    judge.restartFeed(7)
    expect(verdict()).toMatchObject(GOOD)
    judge.tell(USERS, toldOf('revoked', 7))
    expect(verdict()).toMatchObject(GOOD)
    judge.tell(USERS, toldOf('revoked', 8))
    expect(verdict()).toMatchObject(REVOKED)
  })

  test('is not forgotten then where a checkpoint stood behind it, before a list says it or was made after it', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, toldOf('revoked', 7))
    judge.vouchForFeed()
    // Numbers of another epoch may be lower.
    judge.restartFeed(3)
    expect(verdict()).toMatchObject(REVOKED)
    await put({ number: 2, thisUpdate: new Date('2026-03-01T11:00:59Z') })
    expect(verdict()).toMatchObject(REVOKED)
    await put({ number: 3, thisUpdate: new Date('2026-03-01T11:01:00Z') })
    expect(verdict()).toMatchObject(GOOD)
    judge.tell(USERS, toldOf('held', 4))
    expect(verdict()).toMatchObject(REVOKED)
  })

  test('is taken back by what was said later, also at another beginning, whenever it comes', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, toldOf('held', 7))
    judge.vouchForFeed()
    judge.restartFeed(3)
    judge.tell(USERS, toldOf('released', 4))
    expect(verdict()).toMatchObject(GOOD)
    // A release waits for a checkpoint, and what revokes does not.
    judge.tell(USERS, toldOf('held', 5))
    judge.tell(USERS, toldOf('revoked', 7))
    judge.tell(USERS, toldOf('released', 6))
    expect(verdict()).toMatchObject(REVOKED)
  })

  test('makes no list younger, and none where there is none', async () => {
    judge = await judgeOf(world, { crls: [await makeCrl(world.root)] })
    judge.tell(USERS, toldOf('released', 7))
    expect(verdict()).toMatchObject({ code: 'REVOCATION_STALE', fault: 'crl-missing' })
  })

  test('of another CA, or of one that nobody believes, says nothing', async () => {
    judge = await judgeOf(world)
    judge.tell(parseIssuerId('services-1'), toldOf('revoked', 7))
    judge.tell(parseIssuerId('users-7'), toldOf('revoked', 7))
    expect(verdict()).toMatchObject(GOOD)
  })

  test('outlasts a change of the CAs that are trusted', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, toldOf('revoked', 7))
    const next = await makeUsersCa(world.root, { name: 'O=Signet, CN=Signet users CA 2' })
    judge.trust([world.users, world.services, next].map(({ der }) => ({ der, id: undefined })))
    expect(verdict()).toMatchObject(REVOKED)
    judge.tell(USERS, toldOf('released', 8))
    expect(verdict()).toMatchObject(GOOD)
  })
})

test('a list that has ended stays when CAs come and go: whom it revokes is no better for it', async () => {
  const now = new Date(NOW)
  judge = await judgeOf(world, { now })
  const ended = { number: 2, revoked: [SERIAL], nextUpdate: new Date(now) }
  expect(await put(ended)).toMatchObject({ kind: 'taken' })
  now.setTime(now.getTime() + 1000)
  const next = await makeUsersCa(world.root, { name: 'O=Signet, CN=Signet users CA 2' })
  judge.trust([world.users, world.services, next].map(({ der }) => ({ der, id: undefined })))
  expect(judge.verifyCertificate(leaf, { ...ASKED, at: now, revocation: 'if-known' })).toMatchObject(REVOKED)
  // One from before is not taken in its place.
  expect(await put({ number: 1 })).toMatchObject({ fault: 'crl-number-lower' })
})

test('a CA that is left out for a while comes back with all that was known, not with older lists', async () => {
  judge = await judgeOf(world)
  await put({ number: 2, revoked: [SERIAL] })
  judge.trust([{ der: world.services.der, id: undefined }])
  expect(judge.heldCrls().map(({ issuer }) => issuer)).toEqual(['root-1', 'services-1'])
  expect(await put({ number: 3 })).toMatchObject({ fault: 'crl-issuer-other' })
  judge.trust([world.users, world.services].map(({ der }) => ({ der, id: undefined })))
  expect(await put({ number: 1 })).toMatchObject({ fault: 'crl-number-lower' })
  judge.tell(USERS, toldOf('revoked', 7, NOW))
  judge.trust([{ der: world.services.der, id: undefined }])
  judge.trust([world.users, world.services].map(({ der }) => ({ der, id: undefined })))
  expect(await put({ number: 4 })).toMatchObject({ kind: 'taken' })
  expect(verdict()).toMatchObject(REVOKED)
})

describe('a certificate of somebody whose path was verified elsewhere is known to be revoked', () => {
  test.each<readonly [string, () => Promise<readonly Uint8Array[]>, boolean]>([
    ['not where nothing is known', () => Promise.resolve([]), false],
    ['not where lists do not say so', async () => [await makeCrl(world.users), await makeCrl(world.root)], false],
    ['where a list says so', async () => [await makeCrl(world.users, { revoked: [SERIAL] })], true],
    ['where its CA is', async () => [await makeCrl(world.root, { revoked: [CA_SERIAL] })], true],
    [
      'not where another CA lists its number',
      async () => [await makeCrl(world.services, { revoked: [SERIAL] })],
      false,
    ],
  ])('%s', async (_, crls, revoked) => {
    judge = await judgeOf(world, { crls: await crls() })
    expect(judge.isKnownRevoked(leaf)).toBe(revoked)
  })

  test('not what is no certificate, or of nobody here', async () => {
    judge = await judgeOf(world)
    const other = await makeWorld('Other')
    expect([Uint8Array.of(0x30, 0), await leafOf(other, 'service')].map((der) => judge.isKnownRevoked(der))).toEqual([
      false,
      false,
    ])
  })
})

test('with a further CA the lists of the others stay; a CA that is left out certifies nobody', async () => {
  judge = await judgeOf(world)
  await put({ number: 2, revoked: [SERIAL] })
  const next = await makeUsersCa(world.root, { name: 'O=Signet, CN=Signet users CA 2' })
  judge.trust([world.users, world.services, next].map(({ der }) => ({ der, id: undefined })))
  expect(verdict()).toMatchObject(REVOKED)
  expect(judge.isReady()).toBe(false)
  judge.takeCrl(await makeCrl(next))
  expect(judge.isReady()).toBe(true)
  judge.trust([world.services, next].map(({ der }) => ({ der, id: undefined })))
  expect(verdict()).toMatchObject({ code: 'CERT_UNTRUSTED' })
})
