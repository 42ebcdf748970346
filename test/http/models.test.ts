// Model groups and models against those whom they do not let in, on both stores: what `/v1` and OpenSearch's paths tell of what is not
// theirs to see, whose name owns what, and what no body may hold.
import { beforeAll, expect, test } from 'vitest'
import { sha256Hex } from '../../src/enrollment/idempotency.ts'
import { NOBODY, openInstallation } from '../../src/main/installation.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type ClientIdentity, known } from '../support/https-client.ts'
import {
  addModelPeople,
  groupOf,
  GROUPS,
  mapRole,
  type ModelPeople,
  MODELS,
  newName,
  registered,
  registeredModel,
} from '../support/model-people.ts'
import { expectStatus, type TestService } from '../support/test-service.ts'

onBothStores(
  'model groups and models',
  () => ({}),
  (running) => {
    let service: TestService
    let people: ModelPeople
    beforeAll(async () => {
      service = running()
      people = await addModelPeople(service)
    })

    /** Every page of one item, and the keys that its cursors hold. */
    const walked = async (path: string, by: ClientIdentity) => {
      const [items, keys]: [unknown[], string[]] = [[], []]
      for (let query: string | undefined = ''; query !== undefined;) {
        const { json } = expectStatus(await service.get(`${path}?limit=1${query}`, by), 200)
        const { cursor, ...page } = json as Record<string, unknown> & { cursor?: string }
        items.push(...Object.values(page).flat())
        if (cursor !== undefined) keys.push(Buffer.from(cursor, 'base64url').toString())
        query = cursor && `&cursor=${cursor}`
      }
      return { items: items.map((item) => (item as { id: unknown }).id), keys }
    }

    test('cursors tell of nothing that is not in their pages, and no page is empty before the last', async () => {
      const seen: string[] = []
      for (const owner of [people.alice, people.bob, people.alice, people.bob, people.alice]) {
        seen.push(await registered(service, owner, { name: newName() }))
        await registeredModel(service, owner, { name: newName(), model_group_id: seen.at(-1) })
      }
      for (const name of ['Aa-hidden', 'mm-hidden', 'zz-hidden']) await registeredModel(service, people.sue, { name })
      const own = [seen[1], seen[3]].sort()
      const groups = await walked('/v1/model-groups', people.bob)
      expect(groups.items).toEqual(own)
      expect(groups.keys.map((key) => seen.find((id) => key.includes(id)))).toEqual([own[0]])
      for (const by of [people.bob, people.sue, service.admin]) {
        const models = await walked('/v1/models', by)
        expect(models.keys.join(' ')).not.toContain('hidden')
        expect(models.keys.length).toBe(models.items.length - 1)
      }
    })

    test('a stranger who would change the access of a group learns nothing of it', async () => {
      const id = await registered(service, people.alice, { name: newName() })
      const body = { accessMode: 'public' }
      const asked = await service.put(`/v1/model-groups/${id}`, body, people.bob)
      const never = await service.put('/v1/model-groups/never', body, people.bob)
      expect([asked.status, known(asked), known(never)]).toEqual([
        404,
        known(never),
        { status: 404, code: 'model_group_unknown' },
      ])
      expect(asked.text.replaceAll(id, 'never').replace(/"requestId":"[^"]*"/, '')).toBe(
        never.text.replace(/"requestId":"[^"]*"/, ''),
      )
      const open = await registered(service, people.alice, { name: newName(), backend_roles: ['HR'] })
      expect((await service.put(`/v1/model-groups/${open}`, body, people.bob)).code).toBe('model_group_owner_only')
      expect(expectStatus(await groupOf(service, id), 200).json['access']).toBe('private')
    })

    test('a service with the name of a user owns nothing of theirs, and holds no role that was given to them', async () => {
      // A zone of its own is the one name without a dot that a service may have.
      const impostor = await service.addService('internal')
      const person = await service.addMember('vision', 'internal', people.owner)
      const holders = ['alice', 'bob', 'carol', 'dave', 'sue', 'internal']
      await mapRole(service, 'ml_full_access', holders)
      const refused = await service.post('/v1/model-groups', { name: newName() }, impostor)
      expect(refused.code).toBe('model_permission_missing')
      const id = await registered(service, person, { name: newName() })
      await mapRole(service, 'ml_full_access', [...holders, 'service:internal'])
      expect((await service.get(`/v1/model-groups/${id}`, impostor)).status).toBe(404)
      const made = expectStatus(await service.post('/v1/model-groups', { name: newName() }, impostor), 201).json
      expect(made['owner']).toBe('service:internal')
      expect((await service.get(`/v1/model-groups/${String(made['id'])}`, person)).status).toBe(404)
    })

    test('an administrator who predicts is told the same of what is there and of what is not', async () => {
      const name = newName().replace(' ', '-')
      await registeredModel(service, people.sue, { name })
      for (const by of [service.admin, people.sue]) {
        const answers = []
        for (const id of [name, 'never']) answers.push(await service.post(`${MODELS}/${id}/_predict`, {}, by))
        expect(answers.map(known)).toEqual(Array.from(answers, () => ({ status: 403, code: 'admin_no_data' })))
      }
    })

    test('a call that names a hidden model is answered as one that names none', async () => {
      const name = newName().replace(' ', '-')
      await registeredModel(service, people.sue, { name })
      await service.addService('model-1.internal')
      const settings = { project: 'vision', host: 'resnet.models.internal', service: 'model-1.internal' }
      await service.addDeployment('resnet', settings)
      const reasons = []
      for (const model of [name, 'never']) {
        const body = { deployment: 'resnet', actingUser: 'vision__alice', model }
        reasons.push(expectStatus(await service.post('/v1/authorize', body, people.alice), 200).json['reason'])
      }
      expect(reasons).toEqual(['ROUTE_UNKNOWN', 'ROUTE_UNKNOWN'])
    })

    test('what is kept for a request that may be asked twice tells no credential of its body', async () => {
      const body = JSON.stringify({ name: 'm', connector: { ...connectorWith({}), credential: { key: 'guessable' } } })
      const [path, key] = [`${MODELS}/_register`, newName().replace(' ', '-')]
      const headers = { 'idempotency-key': key }
      const ask = () => service.send({ method: 'POST', path, body, headers }, people.alice)
      expect(expectStatus(await ask(), 200).json['model_id']).toBe(expectStatus(await ask(), 200).json['model_id'])
      const { storage } = await openInstallation(service.configuration, NOBODY)
      const scope = { principal: 'member:vision__alice', method: 'POST', path, key, bodyDigest: sha256Hex(body) }
      const claim = await storage.run((tx) => tx.claimIdempotencyKey(scope, service.clock.now(), service.clock.now()))
      await storage.close()
      expect(claim.kind).toBe('other-body')
    })

    test.each([
      ['a name that is half a character', `${GROUPS}/_register`, '{"name":"x\\ud800"}'],
      ['a backend role that is half a character', `${GROUPS}/_register`, '{"name":"x","backend_roles":["\\udc00"]}'],
      ['a query that is nested deep', `${GROUPS}/_search`, nested(2500)],
      ['a query that is nested too deep', `${GROUPS}/_search`, nested(7)],
      ['a secret in the clear', `${MODELS}/_register`, modelWith({ Authorization: 'Bearer sk-1' })],
      ['a secret in the clear in a header of its own', `${MODELS}/_register`, modelWith({ 'X-API-Key': 'sk-1' })],
    ])('refuses %s', async (_, path, body) => {
      const answer = await service.send({ method: 'POST', path, body }, people.alice)
      expect(known(answer)).toEqual({
        status: 400,
        code: expect.stringMatching(/^(?:body|connector)_rejected$/) as string,
      })
    })
  },
)

function nested(depth: number): string {
  return `{"query":${'{"bool":{"must":['.repeat(depth)}{"match_all":{}}${']}}'.repeat(depth)}}`
}

function connectorWith(headers: object): object {
  const action = { action_type: 'predict', method: 'POST', url: 'https://models.internal/v1', headers }
  return { name: 'remote', protocol: 'http', actions: [action] }
}

function modelWith(headers: object): string {
  return JSON.stringify({ name: 'm', connector: connectorWith(headers) })
}
