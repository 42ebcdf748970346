// Who reads, changes, deletes and finds which model group (rows OS19 to OS37), on both stores: status, text and what is stored.
import { beforeAll, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import {
  addModelPeople,
  giveRoles,
  groupOf,
  GROUPS,
  type ModelPeople,
  MODELS,
  newName,
  refusal,
  registered,
  registeredModel,
  turnAccessControl,
} from '../support/model-people.ts'
import { expectStatus, type TestService } from '../support/test-service.ts'

const NO_PRIVILEGE = "User doesn't have privilege to perform this operation on this model group"
const NO_DELETE = "User doesn't have privilege to delete this model group"
const OWNER_ONLY = 'Only owner or admin can update access control data.'
const STRANGER = "You don't have permission to update this model group."
const NO_ROLE =
  "You don't have the specified backend role to update this model group. For more information, contact your administrator."

onBothStores(
  'access to model groups',
  () => ({}),
  (running) => {
    let service: TestService
    let people: ModelPeople
    /** Of Alice: for everybody, for nobody else, for who has HR. */
    let open = ''
    let closed = ''
    let forHr = ''
    beforeAll(async () => {
      service = running()
      people = await addModelPeople(service)
      open = await registered(service, people.alice, { name: newName(), access_mode: 'public' })
      closed = await registered(service, people.alice, { name: newName() })
      forHr = await registered(service, people.alice, { name: newName(), backend_roles: ['HR'] })
    })

    const get = (id: string, by: ClientIdentity) => groupOf(service, id, by)
    const update = (id: string, by: ClientIdentity, body: object) => service.put(`${GROUPS}/${id}`, body, by)
    const remove = (id: string, by: ClientIdentity) => service.send({ method: 'DELETE', path: `${GROUPS}/${id}` }, by)
    const refused = async (act: () => ReturnType<typeof get>) => refusal(await leavesNothing(service, act))
    const found = async (by: ClientIdentity, body: object = { size: 1000 }) => {
      const { json } = expectStatus(await service.post(`${GROUPS}/_search`, body, by), 200)
      return (json['hits'] as { hits: { _id: string }[] }).hits.map(({ _id }) => _id)
    }
    const access = async (id: string) => {
      const { access: mode, backend_roles } = (await get(id, service.admin)).json
      return { mode, backend_roles }
    }

    test.each(['alice', 'bob', 'carol', 'dave', 'admin', 'sue'] as const)(
      'OS19: a public group is read by %s',
      async (who) => {
        expect((await get(open, people[who])).status).toBe(200)
      },
    )

    test.each([
      ['bob', 403],
      ['dave', 403],
      ['alice', 200],
      ['admin', 200],
      ['sue', 200],
    ] as const)('OS19: a private group is read by its owner and those above: %s', async (who, status) => {
      const answer = await get(closed, people[who])
      expect(answer.status).toBe(status)
      if (status === 403) expect(refusal(answer)).toEqual({ status, reason: NO_PRIVILEGE })
    })

    test('OS19: in /v1 it is not there, word for word like one that never was', async () => {
      const [hidden, never] = [
        await service.get(`/v1/model-groups/${closed}`, people.bob),
        await service.get('/v1/model-groups/never', people.bob),
      ]
      expect([hidden.status, hidden.code, never.status, never.code]).toEqual([
        404,
        'model_group_unknown',
        404,
        'model_group_unknown',
      ])
      expect(hidden.json['facts']).toEqual({ group: closed })
      for (const act of ['PUT', 'DELETE']) {
        const body = act === 'PUT' ? { description: 'mine' } : undefined
        const answer = await service.send({ method: act, path: `/v1/model-groups/${closed}`, body }, people.bob)
        expect([act, answer.status, answer.code]).toEqual([act, 404, 'model_group_unknown'])
      }
    })

    test('OS19: one that is missing is 404', async () => {
      const reason = 'Failed to find model group with the provided model group id: never'
      expect(refusal(await get('never', people.alice))).toEqual({ status: 404, reason })
    })

    test('OS20: what is read of a group', async () => {
      const { status, json } = await get(forHr, people.alice)
      expect(status).toBe(200)
      expect(json).toEqual({
        name: expect.any(String) as unknown,
        latest_version: 0,
        description: '',
        access: 'restricted',
        backend_roles: ['HR'],
        owner: { name: 'alice', backend_roles: [], roles: [], custom_attribute_names: [], user_requested_tenant: null },
        created_time: expect.any(Number) as unknown,
        last_updated_time: expect.any(Number) as unknown,
      })
      expect(Math.abs(Number(json['created_time']) - service.clock.now().getTime())).toBeLessThan(600_000)
    })

    test.each([
      ['bob', 200],
      ['carol', 403],
      ['dave', 403],
    ] as const)('OS21: one shared role opens a restricted group, none does not: %s', async (who, status) => {
      expect((await get(forHr, people[who])).status).toBe(status)
    })

    test('OS21: a role that is taken away opens nothing from the next request on', async () => {
      expect((await get(forHr, people.bob)).status).toBe(200)
      await giveRoles(service, 'bob', [])
      expect(refusal(await get(forHr, people.bob))).toEqual({ status: 403, reason: NO_PRIVILEGE })
      await giveRoles(service, 'bob', ['HR'])
      expect((await get(forHr, people.bob)).status).toBe(200)
    })

    test('OS22: an owner without any role of the group keeps it, unless the operator says otherwise', async () => {
      const mine = await registered(service, people.carol, { name: newName(), backend_roles: ['IT'] })
      await giveRoles(service, 'carol', ['HR'])
      expect((await get(mine, people.carol)).status).toBe(200)
      expect((await update(mine, people.carol, { description: 'kept' })).status).toBe(200)
      const { superadmins } = { superadmins: new Set<string>() }
      service.govern({ ownerMustHoldRole: true, superadmins })
      expect(refusal(await get(mine, people.carol))).toEqual({ status: 403, reason: NO_PRIVILEGE })
      expect(await refused(() => update(mine, people.carol, { description: 'x' }))).toEqual({
        status: 400,
        reason: NO_ROLE,
      })
      service.govern({ superadmins })
      await giveRoles(service, 'carol', ['IT'])
    })

    test('OS23: a group of nobody stays public, and its access is not changed', async () => {
      await turnAccessControl(service, 'disabled')
      const id = await registered(service, people.alice, { name: newName() })
      await turnAccessControl(service, 'enabled')
      expect((await get(id, people.dave)).json).not.toHaveProperty('owner')
      const answer = await leavesNothing(service, () => update(id, people.admin, { access_mode: 'private' }))
      expect([answer.status, answer.code]).toEqual([409, 'model_group_access_fixed'])
      expect((await service.get(`/v1/model-groups?limit=1000`, people.dave)).text).toContain(id)
    })

    test('OS25: turning it off wants to be confirmed, is audited and shown, and opens everything', async () => {
      const setting = { persistent: { 'plugins.ml_commons.model_access_control_enabled': false } }
      const unconfirmed = await leavesNothing(service, () => service.put('/_cluster/settings', setting, service.admin))
      expect([unconfirmed.status, unconfirmed.code]).toEqual([409, 'setting_unconfirmed'])
      expect((await get(closed, people.bob)).status).toBe(403)
      const nested = { transient: { plugins: { ml_commons: { model_access_control_enabled: 'false' } } } }
      const done = await service.put('/_cluster/settings?confirm=true', nested, service.admin)
      expect(done.json).toEqual({
        acknowledged: true,
        persistent: {},
        transient: { plugins: { ml_commons: { model_access_control_enabled: 'false' } } },
      })
      const status = await service.get('/v1/status', people.bob)
      expect(status.json['model_access_control']).toBe('disabled')
      const { events } = (await service.get('/v1/audit?limit=1', service.admin)).json as { events: object[] }
      expect(events[0]).toMatchObject({ act: 'setting.change', details: { before: 'enabled', value: 'disabled' } })
      expect((await get(closed, people.dave)).status).toBe(200)
      expect(await found(people.dave)).toContain(closed)
      await turnAccessControl(service, 'enabled')
      expect((await get(closed, people.dave)).status).toBe(403)
      expect((await service.get('/v1/status', people.bob)).json['model_access_control']).toBe('enabled')
    })

    test('OS26: name and description are changed by whoever it lets in', async () => {
      for (const [id, who] of [
        [open, 'dave'],
        [forHr, 'bob'],
      ] as const) {
        const answer = await update(id, people[who], { description: `by ${who}` })
        expect([answer.status, answer.json]).toEqual([200, { status: 'Updated' }])
        expect((await get(id, service.admin)).json['description']).toBe(`by ${who}`)
      }
    })

    test.each([
      ['OS27: access by a stranger to a public group', () => open, 'dave', { access_mode: 'private' }, OWNER_ONLY],
      ['OS27: access by somebody with a role', () => forHr, 'bob', { backend_roles: ['HR'] }, OWNER_ONLY],
      ['OS27: false is said too', () => forHr, 'bob', { add_all_backend_roles: false }, OWNER_ONLY],
      ['OS28: a private group by a stranger', () => closed, 'bob', { description: 'mine' }, STRANGER],
      ['OS28: a restricted group by a stranger', () => forHr, 'carol', { name: 'mine' }, STRANGER],
      [
        'OS29: not all, and none named',
        () => forHr,
        'alice',
        { add_all_backend_roles: false },
        'You have to specify backend roles when add all backend roles is set to false.',
      ],
      [
        'OS9: a role that is not held, at an update',
        () => forHr,
        'alice',
        { backend_roles: ['Finance'] },
        "You don't have the backend roles specified.",
      ],
    ] as const)('%s', async (_, id, who, body, reason) => {
      expect(await refused(() => update(id(), people[who], body))).toEqual({ status: 400, reason })
    })

    test('OS30: all roles of an owner who has none', async () => {
      const mine = await registered(service, people.dave, { name: newName() })
      const reason = "You don't have any backend roles."
      expect(await refused(() => update(mine, people.dave, { add_all_backend_roles: true }))).toEqual({
        status: 400,
        reason,
      })
    })

    test('OS31: roles alone restrict a public group, and opening it takes them away', async () => {
      const id = await registered(service, people.alice, { name: newName(), access_mode: 'public' })
      expectStatus(await update(id, people.alice, { backend_roles: ['IT'] }), 200)
      expect(await access(id)).toEqual({ mode: 'restricted', backend_roles: ['IT'] })
      expect((await get(id, people.bob)).status).toBe(403)
      expectStatus(await update(id, people.alice, { access_mode: 'private' }), 200)
      expect(await access(id)).toEqual({ mode: 'private', backend_roles: undefined })
      expect((await get(id, people.carol)).status).toBe(403)
    })

    test('OS32: a rename to a taken name', async () => {
      const { json } = await get(closed, people.alice)
      const text = 'The name you provided is already being used by another model'
      const rename = (who: 'alice' | 'bob') => update(open, people[who], { name: json['name'] })
      expect(await refused(() => rename('alice'))).toEqual({
        status: 400,
        reason: `${text} with ID: ${closed}. Please provide a different name`,
      })
      expect(await refused(() => rename('bob'))).toEqual({
        status: 400,
        reason: `${text}. Please provide a different name`,
      })
    })

    test('OS33: a group with versions is not deleted', async () => {
      const id = await registered(service, people.alice, { name: newName() })
      const [one, two] = [
        await registeredModel(service, people.alice, { name: 'fraud', model_group_id: id }),
        await registeredModel(service, people.alice, { name: 'fraud', model_group_id: id }),
      ]
      expect((await get(id, people.alice)).json['latest_version']).toBe(2)
      const reason = 'Cannot delete the model group when it has associated model versions'
      expect(await refused(() => remove(id, people.alice))).toEqual({ status: 409, reason })
      const deleteModel = (model: string) =>
        service.send({ method: 'DELETE', path: `${MODELS}/${model}` }, people.alice)
      expectStatus(await deleteModel(one), 200)
      expectStatus(await get(id, people.alice), 200)
      expectStatus(await deleteModel(two), 200)
      expect((await get(id, people.alice)).status).toBe(404)
    })

    test.each([
      ['public', { access_mode: 'public' }, 'dave', 200],
      ['restricted', { backend_roles: ['HR'] }, 'bob', 200],
      ['restricted', { backend_roles: ['HR'] }, 'carol', 403],
      ['private', {}, 'bob', 403],
      ['private', {}, 'alice', 200],
      ['private', {}, 'admin', 200],
    ] as const)('OS34: a %s group %j is deleted by %s: %i', async (_, said, who, status) => {
      const id = await registered(service, people.alice, { name: newName(), ...said })
      const answer = await remove(id, people[who])
      expect(answer.status).toBe(status)
      if (status === 200) expect(answer.json).toMatchObject({ _id: id, result: 'deleted' })
      else expect(refusal(answer)).toEqual({ status, reason: NO_DELETE })
      expect((await get(id, service.admin)).status).toBe(status === 200 ? 404 : 200)
    })

    test('OS35: what is missing is deleted for administrators, and not found by others', async () => {
      expect((await remove('never', people.admin)).json).toMatchObject({ _id: 'never', result: 'not_found' })
      expect(await refused(() => remove('never', people.bob))).toEqual({
        status: 404,
        reason: 'Fail to find model group',
      })
    })

    test.each([
      ['alice', [true, true, true]],
      ['bob', [true, false, true]],
      ['carol', [true, false, false]],
      ['dave', [true, false, false]],
      ['admin', [true, true, true]],
    ] as const)('OS37: a search by %s finds public, own and shared groups', async (who, expected) => {
      const ids = await found(people[who])
      expect([open, closed, forHr].map((id) => ids.includes(id))).toEqual(expected)
    })

    test('OS37: administrators see all groups only where the operator lets them', async () => {
      service.govern({ adminSeesModelGroups: false, superadmins: new Set() })
      expect(await found(people.admin)).not.toContain(closed)
      expect((await get(closed, people.admin)).status).toBe(403)
      service.govern({ superadmins: new Set() })
      expect(await found(people.admin)).toContain(closed)
    })

    test.each([
      ['all of it', { query: { match_all: {} }, size: 0 }, 200],
      ['by id', { query: { ids: { values: ['x'] } } }, 200],
      ['by the owner', { query: { term: { 'owner.name.keyword': 'alice' } }, size: 100 }, 200],
      [
        'joined',
        { query: { bool: { must: [{ match: { name: 'group' } }], must_not: { term: { access: 'public' } } } } },
        200,
      ],
      ['a query that is not known', { query: { script: { source: '1' } } }, 400],
      ['a field beside it', { query: { match_all: {} }, aggs: {} }, 400],
      ['more than the window', { size: 10_001 }, 400],
    ] as const)('OS37: a query: %s', async (_, body, status) => {
      expect((await service.post(`${GROUPS}/_search`, body, people.bob)).status).toBe(status)
    })

    test('OS37: a search finds by what was asked, and nothing gives an empty list', async () => {
      const { json } = await get(open, people.bob)
      const body = { query: { term: { 'name.keyword': json['name'] } } }
      expect(await found(people.bob, body)).toEqual([open])
      expect(await found(people.bob, { query: { match: { name: 'nosuchword' } } })).toEqual([])
      const byGet = await service.send({ method: 'GET', path: `${GROUPS}/_search`, body }, people.bob)
      expect((byGet.json['hits'] as { total: object }).total).toEqual({ value: 1, relation: 'eq' })
    })
  },
)
