// Rows of Hopsworks' external access, over the running service: what people from outside a project see of it, and whose groups
// and keys open which deployment from which moment on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onBothStores } from '../support/both-stores.ts'
import { type Answer, known } from '../support/https-client.ts'
import { People, sessionOf } from '../support/people.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

const people = new People()
afterAll(() => people.close())

const ABSENT = { status: 404, code: 'deployment_unknown' }

onBothStores(
  'external access',
  () => ({ flags: people.flags({ idp: { createUsers: true } }) }),
  (running) => {
    let owner: Certified
    const service = (): TestService => running()

    beforeAll(async () => {
      owner = await service().addProject('vision', 'alice')
      await service().addProject('fraud', 'mallory')
      await service().addService('model-1.internal')
      for (const name of ['open', 'shut', 'other']) {
        const project = name === 'other' ? 'fraud' : 'vision'
        await service().addDeployment(name, { project, host: `${name}.models.internal`, service: 'model-1.internal' })
      }
      await people.put('erin', ['lab1'])
      await sessionOf(service(), 'idp', 'erin')
    })

    const session = (user: string) => sessionOf(service(), 'idp', user)
    const seen = async (path: string, headers: Record<string, string>): Promise<Answer> =>
      service().send({ method: 'GET', path, headers })
    const listed = async (headers: Record<string, string>): Promise<unknown[]> =>
      expectStatus(await seen('/v1/deployments', headers), 200).json['deployments'] as unknown[]
    const names = async (headers: Record<string, string>): Promise<unknown[]> =>
      ((await listed(headers)) as { name: string }[]).map(({ name }) => name)
    const groups = (deployment: string, externalGroups: readonly string[], by = owner) =>
      service().put(`/v1/deployments/${deployment}/external-groups`, { externalGroups }, by)
    const keyOf = async (headers: Record<string, string>, body: object): Promise<Answer> =>
      service().send({ method: 'POST', path: '/v1/api-keys', headers, body: { scopes: ['SERVING'], ...body } })
    const audited = async (act: string): Promise<unknown> => {
      const { events } = (await service().get('/v1/audit?limit=50', service().admin)).json
      return (events as { act: string }[]).find((event) => event.act === act)
    }

    test('HX5: a group that no provider has named is stored as it is typed, and opens from the day it comes', async () => {
      const typed = ['Lab 7 / Zürich', 'lab1', 'LAB1', 'caf\u00e9', 'cafe\u0301']
      expect(known(await groups('shut', typed))).toEqual({ status: 200, code: undefined })
      expect((await service().get('/v1/deployments/shut', owner)).json['externalGroups']).toEqual(typed)
      await people.put('newcomer', ['other'])
      const headers = await session('newcomer')
      expect(await names(headers)).toEqual([])
      await people.put('newcomer', ['Lab 7 / Zürich'])
      expect(await names(await session('newcomer'))).toEqual(['shut'])
      expectStatus(await groups('shut', []), 200)
    })

    test('HX6: an external user sees the deployments that a group opens, and of the others nothing at all', async () => {
      expectStatus(await groups('open', ['lab1']), 200)
      const headers = await session('erin')
      expect(await names(headers)).toEqual(['open'])
      expect(known(await seen('/v1/deployments/shut', headers))).toEqual(ABSENT)
      expect(known(await seen('/v1/deployments/none', headers))).toEqual(ABSENT)
      const key = expectStatus(await keyOf(headers, { name: 'hx6' }), 201).json['value']
      expect(await names({ authorization: `ApiKey ${String(key)}` })).toEqual(['open'])
      expectStatus(await groups('open', ['LAB1', 'lab1 ', 'lab']), 200)
      expect(await names(headers)).toEqual([])
      expect(known(await seen('/v1/deployments/open', headers))).toEqual(ABSENT)
    })

    describe('HX7: external access opens nothing of the project', () => {
      test('HX7: a deployment shows how it is called, and not whose it is', async () => {
        expectStatus(await groups('open', ['lab1', 'secret-lab']), 200)
        const headers = await session('erin')
        const shown = expectStatus(await seen('/v1/deployments/open', headers), 200)
        expect(shown.json).toEqual({
          name: 'open',
          host: 'open.models.internal',
          moreHosts: [],
          paths: [],
          authModes: ['mtls'],
          actingUser: 'named',
          status: 'active',
        })
        expect(await listed(headers)).toEqual([shown.json])
      })

      test.each([
        ['GET', '/v1/projects/vision/members', 'not_permitted'],
        ['GET', '/v1/projects/vision/service-accounts', 'not_permitted'],
        ['GET', '/v1/projects/vision/settings', 'member_unknown'],
        ['PUT', '/v1/deployments/open/external-groups', 'deployment_unknown'],
        ['DELETE', '/v1/deployments/open', 'deployment_unknown'],
      ])('HX7: %s %s', async (method, path, code) => {
        expectStatus(await groups('open', ['lab1']), 200)
        const headers = await session('erin')
        const body = method === 'PUT' ? { externalGroups: ['mine'] } : undefined
        const answer = await service().send({ method, path, headers, body })
        expect(answer.status, answer.text).toBeGreaterThanOrEqual(403)
        expect(answer.code).toBe(code)
        expect((await service().get('/v1/deployments/open', owner)).json).toMatchObject({
          status: 'active',
          externalGroups: ['lab1'],
        })
      })

      test('HX7: the projects of an external user are none, and neither are certificates of one', async () => {
        const headers = await session('erin')
        expect((await seen('/v1/projects', headers)).json['projects']).toEqual([])
        expect((await seen('/v1/me', headers)).json['projects']).toEqual([])
        expect((await seen('/v1/certificates?project=vision', headers)).json['certificates']).toEqual([])
      })
    })

    test('HX19: groups that an owner saves are in force for the next request, and in the record', async () => {
      expectStatus(await groups('open', []), 200)
      const headers = await session('erin')
      expect(await names(headers)).toEqual([])
      expect(expectStatus(await groups('open', ['lab1']), 200).headers['signet-revision']).toBeDefined()
      expect(await names(headers)).toEqual(['open'])
      expectStatus(await groups('open', ['lab2']), 200)
      expect(await names(headers)).toEqual([])
      expect(await audited('deployment.groups')).toMatchObject({
        actor: 'member:vision__alice',
        object: 'deployment:open',
        details: { externalGroups: ['lab2'] },
      })
      const scientist = await service().addMember('vision', 'sam', owner)
      expect(known(await groups('open', ['lab1'], scientist))).toEqual({ status: 403, code: 'not_permitted' })
      expect((await service().get('/v1/deployments/open', owner)).json['externalGroups']).toEqual(['lab2'])
    })

    describe('HX28: what a key may be used for changes at once', () => {
      const update = (headers: Record<string, string>, name: string, body: object): Promise<Answer> =>
        service().send({ method: 'PUT', path: `/v1/api-keys/${name}`, headers, body })

      test('HX28: SERVING is taken away and given again, and the record says so', async () => {
        expectStatus(await groups('open', ['lab1']), 200)
        const headers = await session('erin')
        const made = expectStatus(await keyOf(headers, { name: 'hx28', scopes: ['SERVING', 'USER'] }), 201)
        const shown = { authorization: `ApiKey ${String(made.json['value'])}` }
        expect(await names(shown)).toEqual(['open'])
        const withdrawn = expectStatus(await update(headers, 'hx28', { scopes: ['USER'] }), 200)
        expect(withdrawn.json).toMatchObject({ name: 'hx28', scopes: ['USER'], deployments: 'all' })
        expect(withdrawn.json).not.toHaveProperty('value')
        expect(known(await seen('/v1/deployments', shown))).toEqual({ status: 403, code: 'scope_missing' })
        expect(await audited('api-key.update')).toMatchObject({
          actor: 'user:erin',
          object: `api-key:${String(made.json['prefix'])}`,
          details: { scopes: ['USER'], before: ['SERVING', 'USER'] },
        })
        expectStatus(await update(headers, 'hx28', { scopes: ['SERVING'], deployments: ['open'] }), 200)
        expect(await names(shown)).toEqual(['open'])
        expectStatus(await update(headers, 'hx28', { scopes: ['SERVING'], deployments: [] }), 200)
        expect(await names(shown)).toEqual([])
        await service().stop()
        await service().restart()
        expect(await names(shown)).toEqual([])
      })

      test('HX28: a key neither names what it does not reach nor outranks its user', async () => {
        expectStatus(await groups('open', ['lab1']), 200)
        const headers = await session('erin')
        expectStatus(await keyOf(headers, { name: 'narrow', deployments: ['open'] }), 201)
        const refusals: [object, number, string][] = [
          [{ scopes: ['SERVING'], deployments: ['shut'] }, 400, 'api_key_deployment_unknown'],
          [{ scopes: ['SERVING'], deployments: ['open', 'absent'] }, 400, 'api_key_deployment_unknown'],
          [{ scopes: [], deployments: ['open'] }, 400, 'api_key_scopes_empty'],
          [{ scopes: ['ADMIN'] }, 403, 'api_key_scope_privileged'],
          [{ scopes: ['SERVING'], name: 'other' }, 400, 'body_rejected'],
        ]
        for (const [body, status, code] of refusals) {
          expect(known(await update(headers, 'narrow', body)), JSON.stringify(body)).toEqual({ status, code })
        }
        for (const deployments of [['shut'], ['absent']]) {
          const answer = await keyOf(headers, { name: 'never', deployments })
          expect(known(answer)).toEqual({ status: 400, code: 'api_key_deployment_unknown' })
        }
        const { apiKeys } = (await service().send({ method: 'GET', path: '/v1/api-keys', headers })).json
        const found = (apiKeys as { name: string }[]).filter(({ name }) => ['narrow', 'never'].includes(name))
        expect(found).toMatchObject([{ name: 'narrow', scopes: ['SERVING'], deployments: ['open'] }])
      })

      test('HX28: nobody changes the key of another, nor a certificate of a project one of another reach', async () => {
        const headers = await session('erin')
        expectStatus(await keyOf(headers, { name: 'mine' }), 201)
        await people.put('frank', ['lab1'])
        const body = { scopes: ['USER'] }
        expect(known(await update(await session('frank'), 'mine', body))).toEqual({
          status: 404,
          code: 'api_key_unknown',
        })
        expect(known(await service().put('/v1/api-keys/mine', body, owner))).toEqual({
          status: 404,
          code: 'api_key_unknown',
        })
        expect(known(await service().put('/v1/api-keys/mine', body))).toEqual({ status: 401, code: 'unauthenticated' })
      })
    })
  },
)
