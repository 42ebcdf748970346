// What the verifier holds of revocation: which lists replace which, and what a feed says on top of them.
import { beforeAll, describe, expect, test } from 'vitest'
import type { PeerQuestion } from '../../../src/verifier/peer/question.ts'
import type { PeerJudge } from '../../../src/verifier/peer/verifier.ts'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import {
  CRL_TIME,
  type CrlParts,
  judgeOf,
  leafOf,
  makeCrl,
  makeUsersCa,
  makeWorld,
  NOW,
  SERIAL,
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
    ['of a lower number', { number: 4 }, 'crl_number_lower'],
    [
      'of the same number with another text',
      { number: 5, thisUpdate: new Date('2026-03-01T11:00:01Z') },
      'crl_number_lower',
    ],
    ['without a number', { number: 'none' }, 'crl_number_missing'],
    ['that has ended', { number: 6, nextUpdate: new Date('2026-03-01T11:59:59Z') }, 'crl_stale'],
    ['without an end', { number: 6, nextUpdate: 'none' }, 'crl_stale'],
    ['from the future', { number: 6, thisUpdate: new Date('2026-03-01T12:01:01Z') }, 'crl_not_yet_valid'],
  ]

  test.each(REFUSED)('not one %s: the old one goes on', async (_, parts, fault) => {
    judge = await judgeOf(world, { crls: [await makeCrl(world.root)] })
    const first = await makeCrl(world.users, { number: 5, revoked: [SERIAL] })
    expect(judge.takeCrl(first)).toEqual({ kind: 'taken', issuer: 'users-1' })
    expect(await put(parts)).toEqual({ kind: 'refused', fault, issuer: 'users-1' })
    expect(verdict()).toMatchObject(REVOKED)
    expect(judge.takeCrl(first)).toEqual({ kind: 'unchanged', issuer: 'users-1' })
    expect(judge.numberOf(USERS)).toBe(5n)
  })

  test('not one that another key signed, nor one of nobody, nor what is none', async () => {
    judge = await judgeOf(world)
    expect(await put({ number: 9, signedBy: world.services })).toMatchObject({ fault: 'crl_issuer_unknown' })
    const other = await makeWorld()
    expect(judge.takeCrl(await makeCrl(other.users, { number: 9 }))).toMatchObject({ fault: 'crl_issuer_unknown' })
    const broken = await makeCrl(world.users, { number: 9 })
    broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1
    expect(judge.takeCrl(broken)).toMatchObject({ fault: 'crl_signature_invalid' })
    expect(judge.takeCrl(broken.subarray(0, -1))).toMatchObject({ fault: 'crl_malformed' })
    expect(judge.numberOf(USERS)).toBe(1n)
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

describe('tidings of a feed', () => {
  const revoked = { kind: 'revoked', reason: 'keyCompromise', date: NOW } as const

  test('count at once, until a list says them too', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, SERIAL, revoked)
    expect(verdict()).toMatchObject(REVOKED)
    // A list that was made before the tidings says nothing against them.
    await put({ number: 2 })
    expect(verdict()).toMatchObject(REVOKED)
    await put({ number: 3, revoked: [SERIAL] })
    // Nothing is held on top of the list from here on: only the list can take it back.
    await put({ number: 4 })
    expect(verdict()).toMatchObject(GOOD)
  })

  test('of a release count on top of the list, and are forgotten after a gap', async () => {
    judge = await judgeOf(world, {
      crls: [await makeCrl(world.root), await makeCrl(world.users, { revoked: [SERIAL] })],
    })
    judge.tell(USERS, SERIAL, { kind: 'released' })
    expect(verdict()).toMatchObject(GOOD)
    judge.forgetReleases()
    expect(verdict()).toMatchObject(REVOKED)
  })

  test('of a revocation outlast a gap', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, SERIAL, revoked)
    judge.forgetReleases()
    expect(verdict()).toMatchObject(REVOKED)
  })

  test('make no list younger, and none where there is none', async () => {
    judge = await judgeOf(world)
    judge.tell(USERS, SERIAL, { kind: 'released' })
    const after = new Date(CRL_TIME.nextUpdate.getTime() + 1000)
    expect(judge.verifyCertificate(leaf, { ...ASKED, at: new Date('2026-03-02T05:59:59Z') })).toMatchObject(GOOD)
    expect(verdict(after)).toMatchObject({ code: 'CERT_EXPIRED' })
    judge = await judgeOf(world, { crls: [await makeCrl(world.root)] })
    judge.tell(USERS, SERIAL, { kind: 'released' })
    expect(verdict()).toMatchObject({ code: 'REVOCATION_STALE', fault: 'none' })
  })

  test('of another CA, or of one that nobody believes, say nothing', async () => {
    judge = await judgeOf(world)
    judge.tell(parseIssuerId('services-1'), SERIAL, revoked)
    judge.tell(parseIssuerId('users-7'), SERIAL, revoked)
    expect(verdict()).toMatchObject(GOOD)
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
