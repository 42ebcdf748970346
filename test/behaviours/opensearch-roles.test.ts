// Roles of OpenSearch over the running service (rows OS24, OS36, OS38 to OS40, OS46 and OS48), on both stores, and the documented example
// with OpenSearch's own client.
import { Client } from '@opensearch-project/opensearch'
import { beforeAll, expect, test } from 'vitest'
import { NOBODY, openInstallation } from '../../src/main/installation.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type ClientIdentity, known } from '../support/https-client.ts'
import {
  addModelPeople,
  giveRoles,
  groupOf,
  GROUPS,
  mapRole,
  type ModelPeople,
  MODELS,
  newName,
  refusal,
  registered,
  registeredModel,
} from '../support/model-people.ts'
import { expectStatus, type TestService } from '../support/test-service.ts'

const SECURITY = '/_plugins/_security/api'
const permission = (action: string) => ({
  status: 403,
  reason: `no permissions for [cluster:admin/opensearch/ml/${action}]`,
})

onBothStores(
  'roles of OpenSearch',
  () => ({ flags: { 'signIn.test': true } }),
  (running) => {
    let service: TestService
    let people: ModelPeople
    let open = ''
    beforeAll(async () => {
      service = running()
      people = await addModelPeople(service)
      open = await registered(service, people.alice, { name: newName(), access_mode: 'public' })
    })

    const sendTo = (by: ClientIdentity) => (method: string, path: string, body?: object) =>
      service.send({ method, path, body }, by)
    /** What every action of the plugin answers to somebody. */
    const tried = async (by: ClientIdentity) => {
      const send = sendTo(by)
      return {
        register: refusal(await send('POST', `${GROUPS}/_register`, { name: newName() })),
        read: (await send('GET', `${GROUPS}/${open}`)).status,
        search: (await send('POST', `${GROUPS}/_search`, {})).status,
        searchModels: (await send('POST', `${MODELS}/_search`, {})).status,
        update: refusal(await send('PUT', `${GROUPS}/${open}`, { description: 'x' })),
        remove: refusal(await send('DELETE', `${GROUPS}/never`)),
        predict: refusal(await send('POST', `${MODELS}/never/_predict`, {})),
      }
    }

    test('OS24: a restricted group without roles opens to nobody but owner and administrators', async () => {
      const id = await registered(service, people.alice, { name: newName(), backend_roles: ['HR'] })
      const opened = await openInstallation(service.configuration, NOBODY)
      await opened.storage.run(async (tx) => {
        const group = await tx.modelGroup(id, 'update')
        if (group !== undefined) await tx.updateModelGroup({ ...group, roles: [] })
      })
      await opened.storage.close()
      const reason = "User doesn't have privilege to perform this operation on this model group"
      expect(refusal(await groupOf(service, id, people.bob))).toEqual({ status: 403, reason })
      expect((await groupOf(service, id, people.alice)).status).toBe(200)
      expect((await groupOf(service, id, people.admin)).status).toBe(200)
    })

    test('OS36: the last version that is deleted takes its group along', async () => {
      const id = await registered(service, people.alice, { name: newName() })
      const model = await registeredModel(service, people.alice, { name: 'one', model_group_id: id })
      expectStatus(await service.send({ method: 'DELETE', path: `${MODELS}/${model}` }, people.alice), 200)
      expect((await groupOf(service, id)).status).toBe(404)
    })

    test('OS38: ml_full_access permits everything of the plugin, held by name or by backend role', async () => {
      const notFound = { status: 404 }
      const full = {
        register: { status: 200 },
        read: 200,
        search: 200,
        searchModels: 200,
        update: { status: 200 },
        remove: notFound,
        predict: notFound,
      }
      expect(await tried(people.bob)).toMatchObject(full)
      const mapping = { backend_roles: ['IT'], users: ['alice', 'bob', 'carol', 'dave', 'sue'] }
      expectStatus(await service.put(`${SECURITY}/rolesmapping/ml_full_access`, mapping, service.admin), 200)
      expect(await tried(people.nina)).toMatchObject(full)
      await mapRole(service, 'ml_full_access', ['alice', 'bob', 'carol', 'dave', 'sue'])
      expect((await tried(people.nina)).read).toBe(403)
    })

    test.each(['ml_read_access', 'ml_readonly_access'])(
      'OS39: %s reads, and neither writes nor predicts',
      async (role) => {
        await mapRole(service, role, ['nina'])
        expect(await tried(people.nina)).toEqual({
          register: permission('register_model_group'),
          read: 200,
          search: 200,
          searchModels: 200,
          update: permission('update_model_group'),
          remove: permission('model_groups/delete'),
          predict: permission('predict'),
        })
        expectStatus(
          await service.send({ method: 'DELETE', path: `${SECURITY}/rolesmapping/${role}` }, service.admin),
          200,
        )
      },
    )

    test.each([
      ['POST', `${GROUPS}/_register`, { name: 'n' }, 'register_model_group'],
      ['PUT', `${GROUPS}/x`, { name: 'n' }, 'update_model_group'],
      ['DELETE', `${GROUPS}/x`, undefined, 'model_groups/delete'],
      ['GET', `${GROUPS}/x`, undefined, 'model_groups/get'],
      ['POST', `${GROUPS}/_search`, {}, 'model_groups/search'],
      ['POST', `${MODELS}/_register`, { name: 'n' }, 'register_model'],
      ['PUT', `${MODELS}/x`, { name: 'n' }, 'update_model'],
      ['DELETE', `${MODELS}/x`, undefined, 'models/delete'],
      ['GET', `${MODELS}/x`, undefined, 'models/get'],
      ['POST', `${MODELS}/_search`, {}, 'models/search'],
      ['POST', `${MODELS}/x/_deploy`, undefined, 'deploy_model'],
      ['POST', `${MODELS}/x/_undeploy`, undefined, 'undeploy_model'],
      ['POST', `${MODELS}/x/_predict`, {}, 'predict'],
    ] as const)('OS40: without a role, %s %s', async (method, path, body, action) => {
      const answer = await leavesNothing(service, () => sendTo(people.nina)(method, path, body))
      expect(refusal(answer)).toEqual(permission(action))
      expect(answer.json['error']).toMatchObject({ type: 'security_exception' })
    })

    test('OS40: at /v1 the same role is missing', async () => {
      const answer = await leavesNothing(service, () => service.post('/v1/model-groups', { name: 'n' }, people.nina))
      expect(known(answer)).toEqual({ status: 403, code: 'model_permission_missing' })
    })

    test('OS46: the documented example, by mutual TLS', async () => {
      const admin = sendTo(service.admin)
      const setting = { transient: { 'plugins.ml_commons.model_access_control_enabled': 'true' } }
      expect((await admin('PUT', '/_cluster/settings', setting)).json['acknowledged']).toBe(true)
      const given = await admin('PUT', `${SECURITY}/internalusers/alice`, {
        backend_roles: ['analyst'],
        attributes: {},
      })
      expect(given.json).toEqual({ status: 'OK', message: "'alice' updated." })
      await admin('PUT', `${SECURITY}/internalusers/bob`, { backend_roles: ['human-resources'], attributes: {} })
      await admin('PUT', `${SECURITY}/rolesmapping/ml_full_access`, {
        backend_roles: [],
        hosts: [],
        users: ['alice', 'bob'],
      })
      const id = await registered(service, people.alice, {
        name: 'analysts alone',
        description: 'd',
        access_mode: 'restricted',
        backend_roles: ['analyst'],
      })
      expect(refusal(await groupOf(service, id, people.bob)).status).toBe(403)
      expect(
        JSON.stringify((await sendTo(people.bob)('POST', `${GROUPS}/_search`, { size: 1000 })).json),
      ).not.toContain(id)
      expect((await groupOf(service, id, people.alice)).json).toMatchObject({
        access: 'restricted',
        backend_roles: ['analyst'],
      })
    })

    test("OS46: the same by OpenSearch's own client", async () => {
      const clientOf = ({ certificate, key }: ClientIdentity) =>
        new Client({ node: service.url, ssl: { ca: service.ca, cert: certificate, key } })
      const [admin, alice, bob] = [clientOf(service.admin), clientOf(people.alice), clientOf(people.bob)]
      try {
        await admin.security.createUser({ username: 'alice', body: { backend_roles: ['analyst'] } })
        await admin.security.createUser({ username: 'bob', body: { backend_roles: ['human-resources'] } })
        await admin.security.createRoleMapping({ role: 'ml_full_access', body: { users: ['alice', 'bob'] } })
        const body = {
          name: newName(),
          description: 'd',
          access_mode: 'restricted' as const,
          backend_roles: ['analyst'],
        }
        const made = await alice.ml.registerModelGroup({ body })
        const id = made.body.model_group_id
        expect(made.body.status).toBe('CREATED')
        await expect(bob.ml.getModelGroup({ model_group_id: id })).rejects.toMatchObject({ statusCode: 403 })
        const seen = await alice.ml.getModelGroup({ model_group_id: id })
        expect(seen.body).toMatchObject({ access: 'restricted', backend_roles: ['analyst'], owner: { name: 'alice' } })
        await expect(bob.ml.deleteModelGroup({ model_group_id: id })).rejects.toMatchObject({ statusCode: 403 })
        await alice.ml.updateModelGroup({ model_group_id: id, body: { name: newName(), backend_roles: ['analyst'] } })
        const model = await alice.ml.registerModel({
          body: { name: 'm', version: '1', function_name: 'remote', model_group_id: id },
        })
        const hits = await bob.ml.searchModels({ body: { query: { match_all: {} }, size: 100 } })
        expect(JSON.stringify(hits.body)).not.toContain(model.body.model_id)
      } finally {
        await Promise.all([admin, alice, bob].map((client) => client.close()))
      }
    })

    test.each(['alice', 'sue', 'nina'] as const)('OS48: %s gives nobody a backend role or a role', async (who) => {
      const send = sendTo(people[who])
      for (const [method, path, body] of [
        ['PUT', `${SECURITY}/internalusers/${who}`, { backend_roles: ['IT'] }],
        ['DELETE', `${SECURITY}/internalusers/bob`, undefined],
        ['GET', `${SECURITY}/internalusers/bob`, undefined],
        ['PUT', `${SECURITY}/rolesmapping/all_access`, { users: [who] }],
        ['DELETE', `${SECURITY}/rolesmapping/ml_full_access`, undefined],
        [
          'PUT',
          '/_cluster/settings?confirm=true',
          { persistent: { 'plugins.ml_commons.model_access_control_enabled': false } },
        ],
      ] as const) {
        const answer = await leavesNothing(service, () => send(method, path, body))
        expect([path, ...Object.values(known(answer))]).toEqual([path, 403, 'not_permitted'])
      }
    })

    test('OS48: an administrator gives them, it is audited, and a user who is not there is made', async () => {
      const answer = await service.put(`${SECURITY}/internalusers/newcomer`, { backend_roles: ['IT'] }, service.admin)
      expect(answer.json).toEqual({ status: 'CREATED', message: "'newcomer' created." })
      const { events } = (await service.get('/v1/audit?limit=2', service.admin)).json as { events: { act: string }[] }
      expect(events.map(({ act }) => act).toSorted()).toEqual(['user.add', 'user.roles'])
      const read = await service.get(`${SECURITY}/internalusers/newcomer`, service.admin)
      expect(read.json['newcomer']).toMatchObject({ backend_roles: ['IT'], hash: '' })
    })

    test.each([
      ['a role that is none', 'rolesmapping/kibana_user', { users: [] }, 404, 'role_unknown'],
      ['hosts', 'rolesmapping/all_access', { hosts: ['a'] }, 400, 'body_rejected'],
      ['attributes', 'internalusers/bob', { attributes: { a: 'b' } }, 400, 'body_rejected'],
      [
        'roles that are given past the mapping',
        'internalusers/bob',
        { opendistro_security_roles: ['all_access'] },
        400,
        'body_rejected',
      ],
      ['a name that is none', 'internalusers/sa-x', { backend_roles: [] }, 400, 'name_rejected'],
    ] as const)('OS48: refused: %s', async (_, path, body, status, code) => {
      const answer = await leavesNothing(service, () => service.put(`${SECURITY}/${path}`, body, service.admin))
      expect(known(answer)).toEqual({ status, code })
    })

    test('OS46: where test sign-in is on, a password opens /_plugins, and nothing else', async () => {
      const body = { password: 'correct horse battery', backend_roles: ['analyst'] }
      expectStatus(await service.put(`${SECURITY}/internalusers/alice`, body, service.admin), 200)
      const basic = (password: string) => ({
        authorization: `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`,
      })
      const search = (headers: Record<string, string>) => service.post(`${GROUPS}/_search`, {}, undefined, headers)
      expect((await search(basic(body.password))).status).toBe(200)
      expect((await search(basic('wrong'))).status).toBe(401)
      const elsewhere = await service.send({ method: 'GET', path: '/v1/model-groups', headers: basic(body.password) })
      expect(elsewhere.status).toBe(401)
      const both = await service.send(
        { method: 'POST', path: `${GROUPS}/_search`, body: {}, headers: basic(body.password) },
        people.bob,
      )
      expect(known(both)).toEqual({ status: 403, code: 'credential_conflict' })
      await giveRoles(service, 'alice', ['analyst'])
      expect((await search(basic(body.password))).status).toBe(200)
    })
  },
)
