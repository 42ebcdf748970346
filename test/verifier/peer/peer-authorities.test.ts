// Which CAs a verifier believes, and what they are called: the feed names them, so that a name must be nobody's to give away.
import * as x509 from '@peculiar/x509'
import { beforeAll, expect, test } from 'vitest'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import type { PeerQuestion } from '../../../src/verifier/peer/question.ts'
import { makeCa } from '../authorities.ts'
import { judgeOf, leafOf, makeUsersCa, makeWorld, NOW, toldOf, type World } from './clinic.ts'

const ASKED: PeerQuestion = { actingUser: 'fraud__alice', at: NOW, revocation: 'required' }

let world: World

beforeAll(async () => {
  world = await makeWorld()
})

test('a CA is called what its certificate says, whatever whoever brings it says', async () => {
  const judge = await judgeOf(world)
  const mixed = [
    { der: world.users.der, id: 'services-1' },
    { der: world.services.der, id: 'users-1' },
  ]
  expect(judge.trust(mixed).map(({ fault }) => fault.code)).toEqual(Array(2).fill('trust_rejected'))
  judge.tell(parseIssuerId('services-1'), toldOf('revoked', 7))
  expect(judge.verifyCertificate(await leafOf(world, 'project-user'), ASKED)).toMatchObject({
    identity: { issuer: 'users-1' },
  })
  judge.tell(parseIssuerId('users-1'), toldOf('revoked', 8))
  expect(judge.verifyCertificate(await leafOf(world, 'project-user'), ASKED)).toMatchObject({ code: 'CERT_REVOKED' })
})

test('one whose certificate does not say it is called what it is given as, unless that is another', async () => {
  const judge = await judgeOf(world)
  const named = await makeUsersCa(world.root, { name: 'O=Signet, CN=People of Signet' })
  const idsOf = (id: string) => {
    expect(judge.trust([world.users, world.services].map(({ der }) => ({ der, id: undefined })))).toEqual([])
    judge.trust([...[world.users, world.services].map(({ der }) => ({ der, id: undefined })), { der: named.der, id }])
    return [...judge.authorities.byId.values()].map((each) => `${each.id} ${each.named}`).slice(3)
  }
  expect(idsOf('people-1')).toEqual(['people-1 given'])
  expect(idsOf('users-1')).toEqual(['unnamed-4 given'])
  expect(idsOf('../etc')).toEqual(['unnamed-4 given'])
})

test('CAs may come in any order; one below another that does not hold is nobody', async () => {
  const upper = await makeCa({
    name: 'CN=Upper',
    parent: world.root,
    basic: new x509.BasicConstraintsExtension(true, undefined, true),
  })
  const lower = await makeUsersCa(upper, { name: 'O=Signet, CN=Signet users CA 2' })
  const judge = await judgeOf(world)
  const idsGiven = (...all: readonly Uint8Array[]) => {
    expect(judge.trust(all.map((der) => ({ der, id: undefined })))).toEqual([])
    return [...judge.authorities.byId.keys()]
  }
  expect(idsGiven(lower.der, upper.der)).toContain('users-2')
  expect(idsGiven(lower.der)).toEqual(['root-1'])
})

test('certificates that bear the names of CAs, as many as they are, keep none of those out', async () => {
  const { users, root } = world
  const impostor = await makeCa({ name: root.name })
  const names = Array.from({ length: 100 }, (_, at) => `O=Signet, CN=Signet users CA ${String(at + 1)}`)
  const made = await Promise.all(names.map((name) => makeUsersCa(impostor, { name, keys: users.keys })))
  const judge = await judgeOf(world)
  const refused = judge.trust([...made, users, world.services].map(({ der }) => ({ der, id: undefined })))
  expect(refused.map(({ fault }) => fault.facts['why'])).toEqual(Array(100).fill('signature-invalid'))
  expect(judge.verifyCertificate(await leafOf(world, 'project-user'), ASKED)).toMatchObject({ kind: 'verified' })
})
