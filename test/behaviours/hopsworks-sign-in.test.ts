// Rows of Hopsworks' external users, over the running service: groups come with each sign-in, and how old a sign-in may be is the
// operator's to say. What groups open belongs to the deployments' rows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfiguration } from '../../src/ops/configuration.ts'
import { onBothStores } from '../support/both-stores.ts'
import { People, sessionOf, signIn } from '../support/people.ts'
import { TestService } from '../support/test-service.ts'

const people = new People()
afterAll(() => people.close())

async function groupsOf(service: TestService, user: string): Promise<unknown> {
  const headers = await sessionOf(service, 'idp', user)
  return (await service.send({ method: 'GET', path: '/v1/me', headers })).json['groups']
}

onBothStores(
  'HX13',
  () => ({ flags: people.flags({ idp: { createUsers: true } }) }),
  (running) => {
    const stored = async (): Promise<Record<string, number>> => {
      const { groups } = (await running().get('/v1/groups?limit=1000', running().admin)).json
      return Object.fromEntries((groups as { name: string; users: number }[]).map(({ name, users }) => [name, users]))
    }

    test('HX13 a sign-in replaces the groups: those that came and those that went', async () => {
      await people.put('alice', ['lab1', 'lab2'])
      expect(await groupsOf(running(), 'alice')).toEqual(['lab1', 'lab2'])
      await people.put('alice', ['lab2', 'lab3'])
      expect(await groupsOf(running(), 'alice')).toEqual(['lab2', 'lab3'])
      expect(await stored()).toEqual({ lab2: 1, lab3: 1 })
      const external = (await running().get('/v1/external-users', running().admin)).json['externalUsers']
      expect(external).toMatchObject([{ name: 'alice', provider: 'idp', groups: ['lab2', 'lab3'] }])
      await people.put('alice', [])
      expect(await groupsOf(running(), 'alice')).toEqual([])
      expect(await stored()).toEqual({})
    })

    test('HX13 a group that looks like another is another, and is kept as it is written', async () => {
      // Case; a blank at the end; é in its two spellings; Cyrillic а; a ligature; a zero-width joiner.
      const lookAlikes = [
        'lab',
        'LAB',
        'lab ',
        'caf\u00e9',
        'cafe\u0301',
        'l\u0430b',
        '\ufb01eld',
        'field',
        'la\u200db',
      ]
      await people.put('bob', [...lookAlikes, 'lab'])
      expect(new Set((await groupsOf(running(), 'bob')) as string[])).toEqual(new Set(lookAlikes))
      expect(await stored()).toEqual(Object.fromEntries(lookAlikes.map((name) => [name, 1])))
      await running().stop()
      await running().restart()
      expect(await stored()).toEqual(Object.fromEntries(lookAlikes.map((name) => [name, 1])))
    })

    test('HX13 a sign-in that is refused changes no group', async () => {
      await people.put('carol', ['lab1'])
      await groupsOf(running(), 'carol')
      const before = await stored()
      await people.put('carol')
      expect((await signIn(running(), 'idp', 'carol')).code).toBe('groups_unavailable')
      await people.put('carol', ['other'])
      expect((await signIn(running(), 'idp', 'carol', 'wrong')).code).toBe('sign_in_refused')
      expect(await stored()).toEqual(before)
    })

    test('HX13 two sign-ins at once leave the groups of one of them', async () => {
      await people.put('dave', ['a', 'b', 'c'])
      await Promise.all([signIn(running(), 'idp', 'dave'), signIn(running(), 'idp', 'dave')])
      expect(await stored()).toMatchObject({ a: 1, b: 1, c: 1 })
    })
  },
)

describe('requireExternalUserLoginAfterHours', () => {
  let service: TestService
  beforeAll(async () => {
    const flags = { ...people.flags({ idp: { createUsers: true } }), requireExternalUserLoginAfterHours: -1 }
    service = await TestService.start({ flags })
  })
  afterAll(() => service.close())

  test('HX14 with -1 nobody is ever asked to sign in again', async () => {
    await people.put('erin', ['lab1'])
    const headers = await sessionOf(service, 'idp', 'erin')
    const { json } = await service.send({ method: 'GET', path: '/v1/me', headers })
    expect(json['groupsAsOf']).toEqual(json['signedInAt'])
    expect(json).not.toHaveProperty('signInAgainBy')
  })

  test.each(['-2', '1.5', '"abc"', '"24"', 'true', '[24]', '.inf'])(
    'HX17 with %s the service does not start',
    (value) => {
      const text = `requireExternalUserLoginAfterHours: ${value}`
      const file = { name: 'signet.yaml', folder: service.folder, text }
      const { dataFolder, publicUrl, publicHttpUrl, trustDomain } = service.configuration
      const flags = { dataFolder, publicUrl, publicHttpUrl, trustDomain, 'masterKey.file': 'master.key' }
      const fault = 'requireExternalUserLoginAfterHours: -1 (never asked for), 0'
      const start = () => parseConfiguration({ environment: {}, file, workingFolder: service.folder, flags })
      expect(start).toThrow(
        expect.objectContaining({
          code: 'configuration_rejected',
          facts: { faults: [expect.stringContaining(fault) as string] },
        }) as Error,
      )
    },
  )
})
