// Model groups as OpenSearch's ML plugin registers them (rows OS1 to OS18), on both stores: status, text and what is stored.
import { beforeAll, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import {
  addModelPeople,
  groupOf,
  GROUPS,
  type ModelPeople,
  newName,
  refusal,
  registered,
  turnAccessControl,
} from '../support/model-people.ts'
import type { TestService } from '../support/test-service.ts'

const BOTH = 'You cannot specify backend roles and add all backend roles at the same time.'
const ONLY_RESTRICTED = 'You can specify backend roles only for a model group with the restricted access mode.'
const NEITHER =
  'You must specify one or more backend roles or add all backend roles to register a restricted model group.'
const NO_ROLE = 'You must have at least one backend role to register a restricted model group.'
const NOT_HELD = "You don't have the backend roles specified."
const ADMIN_ALL = 'Admin users cannot add all backend roles to a model group.'
const IS_OFF =
  'You cannot specify model access control parameters because the Security plugin or model access control is disabled on your cluster.'

onBothStores(
  'registering model groups',
  () => ({}),
  (running) => {
    let service: TestService
    let people: ModelPeople
    beforeAll(async () => {
      service = running()
      people = await addModelPeople(service)
    })

    const register = (by: ClientIdentity, body: object) => service.post(`${GROUPS}/_register`, body, by)
    /** Refused with status and text, and nothing is stored. */
    const refused = async (by: ClientIdentity, body: object) =>
      refusal(await leavesNothing(service, () => register(by, body)))
    const stored = async (id: string) => {
      const { status, json } = await groupOf(service, id)
      const { access, backend_roles, owner } = json
      return { status, access, backend_roles, owner: (owner as { name?: string } | undefined)?.name }
    }
    const newest = async () =>
      ((await service.get('/v1/audit?limit=1', service.admin)).json['events'] as { act: string; object: string }[])[0]

    test('OS1: a group is registered, kept and audited', async () => {
      const answer = await register(people.alice, { name: 'g', description: 'd', access_mode: 'public' })
      const id = String(answer.json['model_group_id'])
      expect(answer.status).toBe(200)
      expect(answer.json).toEqual({ model_group_id: id, status: 'CREATED' })
      expect(await newest()).toMatchObject({ act: 'model-group.register', object: `model-group:${id}` })
      expect((await groupOf(service, id)).json).toMatchObject({ name: 'g', description: 'd', access: 'public' })
    })

    test.each([
      ['OS2: without a word of access it is private', {}, { access: 'private', backend_roles: undefined }],
      [
        'OS3: backend roles alone make it restricted',
        { backend_roles: ['IT'] },
        { access: 'restricted', backend_roles: ['IT'] },
      ],
      [
        'OS4: all of the caller alone too',
        { add_all_backend_roles: true },
        { access: 'restricted', backend_roles: ['IT', 'HR'] },
      ],
    ])('%s', async (_, said, expected) => {
      const id = await registered(service, people.alice, { name: newName(), ...said })
      expect(await stored(id)).toEqual({ status: 200, ...expected, owner: 'alice' })
    })

    test.each([
      ['OS5: roles and all of them', 'alice', { backend_roles: ['IT'], add_all_backend_roles: true }, BOTH],
      ['OS6: roles of a public group', 'alice', { access_mode: 'public', backend_roles: ['IT'] }, ONLY_RESTRICTED],
      [
        'OS6: all roles of a private group',
        'alice',
        { access_mode: 'private', add_all_backend_roles: true },
        ONLY_RESTRICTED,
      ],
      ['OS7: restricted to nobody', 'alice', { access_mode: 'restricted' }, NEITHER],
      ['OS7: restricted to an empty list', 'alice', { access_mode: 'restricted', backend_roles: [] }, NEITHER],
      ['OS8: no role of their own, before what is missing', 'dave', { access_mode: 'restricted' }, NO_ROLE],
      ['OS8: no role of their own, before what is not held', 'dave', { backend_roles: ['IT'] }, NO_ROLE],
      ['OS9: a role that is not theirs', 'bob', { backend_roles: ['HR', 'IT'] }, NOT_HELD],
      ['OS9: a role in another letter case', 'bob', { backend_roles: ['hr'] }, NOT_HELD],
      ['OS10: all roles of an administrator', 'admin', { add_all_backend_roles: true }, ADMIN_ALL],
      [
        'OS15: an unknown mode is refused, and not private',
        'alice',
        { access_mode: 'foo' },
        'INVALID_ACCESS_MODE: access_mode is public, private or restricted.',
      ],
    ] as const)('%s', async (_, who, said, reason) => {
      expect(await refused(people[who], { name: newName(), ...said })).toEqual({ status: 400, reason })
    })

    test('OS11: an administrator names roles that nobody gave them', async () => {
      const id = await registered(service, people.admin, { name: newName(), backend_roles: ['nobody has it'] })
      const expected = { access: 'restricted', backend_roles: ['nobody has it'], owner: 'root-admin' }
      expect(await stored(id)).toEqual({ status: 200, ...expected })
    })

    test('OS12: a taken name tells whose it is to those who see it alone', async () => {
      const name = newName()
      const id = await registered(service, people.alice, { name })
      const text = 'The name you provided is already being used by a model group'
      expect(await refused(people.alice, { name })).toEqual({ status: 400, reason: `${text} with ID: ${id}.` })
      expect(await refused(people.bob, { name })).toEqual({ status: 400, reason: `${text}.` })
      const mine = await service.post('/v1/model-groups', { name }, people.bob)
      expect([mine.status, mine.code, mine.json['facts']]).toEqual([409, 'model_group_exists', { name }])
    })

    test('OS12: of two registrations at once one has the name', async () => {
      const name = newName()
      const answers = await Promise.all([register(people.alice, { name }), register(people.bob, { name })])
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400])
    })

    test.each([
      ['OS16: an unknown field', { name: 'x', colour: 'red' }],
      ['OS17: an empty body', {}],
      ['OS18: no name', { description: 'd' }],
      ['OS18: a name that is null', { name: null }],
      ['OS18: an empty name', { name: '' }],
    ])('%s', async (_, body) => {
      const answer = await leavesNothing(service, () => register(people.alice, body))
      expect([answer.status, answer.code]).toEqual([400, 'body_rejected'])
      expect(refusal(answer).status).toBe(400)
    })

    test('OS17: an empty update is refused too', async () => {
      const id = await registered(service, people.alice, { name: newName() })
      const answer = await leavesNothing(service, () => service.put(`${GROUPS}/${id}`, {}, people.alice))
      expect([answer.status, answer.code]).toEqual([400, 'body_rejected'])
    })

    test('OS13: with the switch off, whoever speaks of access is refused', async () => {
      await turnAccessControl(service, 'disabled')
      for (const said of [{ access_mode: 'public' }, { backend_roles: ['IT'] }, { add_all_backend_roles: false }]) {
        expect(await refused(people.alice, { name: newName(), ...said })).toEqual({ status: 400, reason: IS_OFF })
      }
      await turnAccessControl(service, 'enabled')
    })

    test('OS14: with the switch off a name alone makes a public group of nobody', async () => {
      await turnAccessControl(service, 'disabled')
      const id = await registered(service, people.alice, { name: newName() })
      const expected = { access: 'public', backend_roles: undefined, owner: undefined }
      expect(await stored(id)).toEqual({ status: 200, ...expected })
      await turnAccessControl(service, 'enabled')
    })

    test('a repeated key gives the same group, and another body none', async () => {
      const headers = { 'idempotency-key': newName().replace(' ', '-') }
      const body = { name: newName() }
      const [first, again] = [
        await service.post(`${GROUPS}/_register`, body, people.alice, headers),
        await service.post(`${GROUPS}/_register`, body, people.alice, headers),
      ]
      expect(again.json).toEqual(first.json)
      const other = await service.post(`${GROUPS}/_register`, { name: newName() }, people.alice, headers)
      expect([other.status, other.code]).toEqual([422, 'idempotency_key_reused'])
    })
  },
)
