// Which CAs a verifier believes, and what they are called: the feed names them, so that a name must be nobody's to give away.
import { beforeAll, expect, test } from 'vitest'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import type { PeerQuestion } from '../../../src/verifier/peer/question.ts'
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
