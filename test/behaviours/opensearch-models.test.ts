// Models of OpenSearch's clients, hidden ones above all (rows OS41 to OS45 and OS47), on both stores: status, text, what is stored, and what
// the server behind a connector is asked.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { superadminKey } from '../../src/domain/access-policy.ts'
import { NOBODY, openInstallation } from '../../src/main/installation.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { ForeignIssuer } from '../support/foreign-issuer.ts'
import { type ClientIdentity, known } from '../support/https-client.ts'
import {
  addModelPeople,
  GROUPS,
  type ModelPeople,
  MODELS,
  nameSuperadmin,
  newName,
  refusal,
  registered,
  registeredModel,
} from '../support/model-people.ts'
import { expectStatus, type TestService } from '../support/test-service.ts'

const SECRET = 'not to be read anywhere'
const folder = mkdtempSync(join(tmpdir(), 'signet-models-'))
const upstream = await ForeignIssuer.start()
writeFileSync(join(folder, 'ca.pem'), upstream.ca)
let lastAsked: { readonly headers: object; readonly body: string } = { headers: {}, body: '' }
upstream.answer = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    lastAsked = { headers: request.headers, body: Buffer.concat(chunks).toString() }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ answer: 42 }))
  })
}
afterAll(async () => {
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

const connector = (more: object = {}, action: object = {}) => ({
  name: 'remote',
  protocol: 'http',
  parameters: { model: 'small' },
  credential: { key: SECRET },
  actions: [
    {
      action_type: 'predict',
      method: 'POST',
      url: `${upstream.url}/v1/chat`,
      headers: { Authorization: 'Bearer ${credential.key}' },
      request_body: '{"model":"${parameters.model}","prompt":"${parameters.prompt}"}',
      ...action,
    },
  ],
  ...more,
})

onBothStores(
  'models',
  () => ({
    flags: { 'access.predictUpstreams': [upstream.url], 'access.predictCaFile': join(folder, 'ca.pem') },
  }),
  (running) => {
    let service: TestService
    let people: ModelPeople
    beforeAll(async () => {
      service = running()
      people = await addModelPeople(service)
    })

    const send = (by: ClientIdentity, method: string, path: string, body?: object) =>
      service.send({ method, path, body }, by)
    const predict = (by: ClientIdentity, id: string, parameters: object = { prompt: 'hello' }) =>
      send(by, 'POST', `${MODELS}/${id}/_predict`, { parameters })
    const deployed = async (by: ClientIdentity, body: object) => {
      const id = await registeredModel(service, by, { connector: connector(), ...body })
      expectStatus(await send(by, 'POST', `${MODELS}/${id}/_deploy`), 200)
      return id
    }
    /** Each act of management, on a model. */
    const MANAGEMENT = [
      ['GET', '', undefined],
      ['PUT', '', { description: 'x' }],
      ['POST', '/_deploy', undefined],
      ['POST', '/_undeploy', undefined],
      ['DELETE', '', undefined],
    ] as const

    test("OS41: what a superadmin's certificate registers is hidden, and nobody else's is", async () => {
      const hidden = await registeredModel(service, people.sue, { name: 'hidden-41', is_hidden: false })
      expect((await send(people.sue, 'GET', `${MODELS}/${hidden}`)).json['is_hidden']).toBe(true)
      for (const by of [people.alice, people.admin]) {
        const plain = await registeredModel(service, by, { name: 'plain', is_hidden: true })
        expect((await send(by, 'GET', `${MODELS}/${plain}`)).json['is_hidden']).toBe(false)
        const update = await leavesNothing(service, () => send(by, 'PUT', `${MODELS}/${plain}`, { is_hidden: true }))
        expect(known(update)).toEqual({ status: 400, code: 'body_rejected' })
      }
    })

    test.each(['alice', 'admin'] as const)(
      'OS42: to %s a hidden model is not there, whatever is to be done with it',
      async (who) => {
        const id = await registeredModel(service, people.sue, { name: `hidden-42-${who}` })
        for (const [method, act, body] of MANAGEMENT) {
          const answer = await leavesNothing(service, () => send(people[who], method, `${MODELS}/${id}${act}`, body))
          const reason = `Failed to find model with the provided model id: ${id}`
          expect([act, refusal(answer)]).toEqual([act, { status: 404, reason }])
        }
      },
    )

    test('OS42: a superadmin does all of it', async () => {
      const id = await registeredModel(service, people.sue, { name: 'hidden-42-sue' })
      for (const [method, act, body] of MANAGEMENT) {
        expect([method, act, (await send(people.sue, method, `${MODELS}/${id}${act}`, body)).status]).toEqual([
          method,
          act,
          200,
        ])
      }
      expect((await send(people.sue, 'GET', `${MODELS}/${id}`)).status).toBe(404)
    })

    test('OS43: a hidden model predicts for everybody who may, whatever its group', async () => {
      const group = await registered(service, people.alice, { name: newName() })
      const hidden = await deployed(people.sue, { name: 'hidden-43', model_group_id: group })
      expect((await send(people.bob, 'GET', `${GROUPS}/${group}`)).status).toBe(403)
      const answer = await predict(people.bob, hidden)
      expect(answer.json).toEqual({
        inference_results: [{ output: [{ name: 'response', dataAsMap: { answer: 42 } }], status_code: 200 }],
      })
      expect(lastAsked).toMatchObject({
        headers: { authorization: `Bearer ${SECRET}` },
        body: '{"model":"small","prompt":"hello"}',
      })
      expect((await predict(people.nina, hidden)).status).toBe(403)
    })

    test('OS43: one that is not hidden predicts for whom its group lets in', async () => {
      const group = await registered(service, people.alice, { name: newName(), backend_roles: ['HR'] })
      const id = await deployed(people.alice, { name: 'plain-43', model_group_id: group })
      expect((await predict(people.bob, id)).status).toBe(200)
      const reason = "User doesn't have privilege to perform this operation on this model"
      expect(refusal(await predict(people.carol, id))).toEqual({ status: 403, reason })
    })

    test('OS43: disabled is 403, and over its limit 429', async () => {
      const off = await deployed(people.sue, { name: 'hidden-off', is_enabled: false })
      expect(refusal(await predict(people.bob, off))).toEqual({ status: 403, reason: 'Model is disabled.' })
      const slow = await deployed(people.sue, { name: 'hidden-slow', rate_limiter: { limit: '2', unit: 'MINUTES' } })
      const statuses = [
        refusal(await predict(people.bob, slow)),
        refusal(await predict(people.bob, slow)),
        refusal(await predict(people.bob, slow)),
      ]
      expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429])
      expect(statuses[2]?.reason).toBe('Request is throttled at model level.')
    })

    test('OS43: administrators and superadmins manage, and do not predict', async () => {
      const id = await deployed(people.sue, { name: 'hidden-43-admin' })
      for (const who of ['admin', 'sue'] as const) {
        expect(known(await predict(people[who], id))).toEqual({ status: 403, code: 'admin_no_data' })
      }
    })

    test('OS43: a parameter ends no text, and chooses no place', async () => {
      const id = await deployed(people.alice, { name: 'plain-quoting' })
      expectStatus(await predict(people.alice, id, { prompt: '","model":"large', model: '${credential.key}' }), 200)
      expect(JSON.parse(lastAsked.body)).toEqual({ model: '${credential.key}', prompt: '","model":"large' })
    })

    test.each([
      ['undeployed', { connector: connector() }, 409, 'model_not_deployed'],
      ['without a connector', {}, 503, 'model_upstream_missing'],
      [
        'with one that leads elsewhere',
        { connector: connector({}, { url: 'https://elsewhere.internal/' }) },
        503,
        'model_upstream_missing',
      ],
    ] as const)('OS43: a model %s predicts nothing', async (what, body, status, code) => {
      const id = await registeredModel(service, people.alice, { name: 'x', ...body })
      if (what !== 'undeployed') expectStatus(await send(people.alice, 'POST', `${MODELS}/${id}/_deploy`), 200)
      expect(known(await predict(people.alice, id))).toEqual({ status, code })
    })

    test('OS44: the id of a hidden model is its name, which is taken once', async () => {
      expect(await registeredModel(service, people.sue, { name: 'hidden-44' })).toBe('hidden-44')
      const again = await leavesNothing(service, () =>
        send(people.sue, 'POST', `${MODELS}/_register`, { name: 'hidden-44' }),
      )
      expect(known(again)).toEqual({ status: 400, code: 'model_exists' })
      const odd = await leavesNothing(service, () => send(people.sue, 'POST', `${MODELS}/_register`, { name: 'a/b' }))
      expect(known(odd)).toEqual({ status: 400, code: 'hidden_name_rejected' })
    })

    test('OS44: a search finds no hidden model and no credential, and what has no group is for everybody', async () => {
      await registeredModel(service, people.sue, { name: 'hidden-search' })
      const free = await registeredModel(service, people.alice, { name: 'free', connector: connector() })
      const body = { query: { match_all: {} }, size: 1000 }
      for (const who of ['dave', 'admin', 'sue'] as const) {
        const { text } = expectStatus(await send(people[who], 'POST', `${MODELS}/_search`, body), 200)
        expect([who, text.includes('hidden-search'), text.includes(free)]).toEqual([who, false, true])
        expect(text).not.toContain(SECRET)
      }
      const list = await service.get('/v1/models?limit=1000', people.sue)
      expect([list.text.includes(free), list.text.includes('hidden-')]).toEqual([true, false])
    })

    test('OS44: a credential is nowhere: no answer, no audit event, no row in clear', async () => {
      const id = await registeredModel(service, people.alice, { name: 'sealed', connector: connector() })
      expect((await send(people.alice, 'GET', `${MODELS}/${id}`)).text).not.toContain(SECRET)
      expect((await service.get('/v1/audit?limit=1000', service.admin)).text).not.toContain(SECRET)
      const opened = await openInstallation(service.configuration, NOBODY)
      const [model, sealed] = await opened.storage.read(async (view) => [
        await view.model(id, 'none'),
        await view.sealedCredential(id),
      ])
      await opened.storage.close()
      expect(JSON.stringify(model)).not.toContain(SECRET)
      expect(sealed?.length).toBeGreaterThan(0)
      expect(Buffer.from(sealed ?? []).includes(SECRET)).toBe(false)
    })

    test('OS44: refusals of a hidden model do not name it', async () => {
      const id = await deployed(people.sue, { name: 'hidden-nameless', is_enabled: false })
      expect((await predict(people.bob, id)).text).not.toContain(id)
    })

    test.each([
      ['a credential in the body', connector({}, { request_body: '${credential.key}' })],
      ['a placeholder in the place', connector({}, { url: `${upstream.url}/\${parameters.path}` })],
      ['a place without TLS', connector({}, { url: 'http://models.internal/' })],
      ['a credential that is not there', connector({}, { headers: { authorization: '${credential.other}' } })],
      ['a header of the connection', connector({}, { headers: { Host: 'elsewhere' } })],
    ])('OS44: a connector with %s is refused', async (_, wanted) => {
      const body = { name: 'x', connector: wanted }
      const answer = await leavesNothing(service, () => send(people.alice, 'POST', `${MODELS}/_register`, body))
      expect(known(answer)).toEqual({ status: 400, code: 'connector_rejected' })
    })

    test('OS45: hidden and missing are told alike, at both doors', async () => {
      await registeredModel(service, people.sue, { name: 'hidden-45' })
      for (const base of [MODELS, '/v1/models']) {
        const answers = await Promise.all(
          ['hidden-45', 'missing-45'].map((id) => send(people.alice, 'GET', `${base}/${id}`)),
        )
        const [hidden, missing] = answers.map(({ status, json }) => {
          return { status, text: JSON.stringify({ ...json, requestId: '' }).replaceAll(/hidden-45|missing-45/g, 'ID') }
        })
        expect(hidden?.status).toBe(404)
        expect(hidden).toEqual(missing)
      }
    })

    test('OS47: a superadmin who is taken out of the file is none from then on', async () => {
      const id = await registeredModel(service, people.sue, { name: 'hidden-47' })
      expect((await send(people.sue, 'GET', `${MODELS}/${id}`)).status).toBe(200)
      service.govern({ superadmins: new Set() })
      expect((await send(people.sue, 'GET', `${MODELS}/${id}`)).status).toBe(404)
      const plain = await registeredModel(service, people.sue, { name: 'not-hidden-47' })
      expect((await send(people.sue, 'GET', `${MODELS}/${plain}`)).json['is_hidden']).toBe(false)
      nameSuperadmin(service, 'vision__bob')
      expect((await send(people.bob, 'GET', `${MODELS}/${id}`)).status).toBe(200)
      nameSuperadmin(service, 'vision__sue')
    })

    test.each([
      ['profile', superadminKey('users-1', 'job', 'CN=vision__sue')],
      ['issuer', superadminKey('users-2', 'project-user', 'CN=vision__sue')],
      ['name', superadminKey('users-1', 'project-user', 'CN=vision__SUE')],
    ])('OS47: another %s makes no superadmin', async (_, key) => {
      service.govern({ superadmins: new Set([key]) })
      const plain = await registeredModel(service, people.sue, { name: 'not-hidden' })
      expect((await send(people.sue, 'GET', `${MODELS}/${plain}`)).json['is_hidden']).toBe(false)
      nameSuperadmin(service, 'vision__sue')
    })
  },
)
