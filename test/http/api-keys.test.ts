// API keys of an administrator, on both stores: a sign-in that does not administer makes and widens none that does (rule 11).
import { afterAll, beforeAll, expect, test } from 'vitest'
import { onBothStores } from '../support/both-stores.ts'
import { known } from '../support/https-client.ts'
import { People, sessionOf } from '../support/people.ts'
import { expectStatus, type TestService } from '../support/test-service.ts'

const people = new People()
afterAll(() => people.close())

const ADMIN = 'root-admin'
const PROVIDERS = { plain: {}, strong: { administers: 'when-administrator' } } as const

onBothStores(
  'API keys of an administrator',
  () => ({ flags: people.flags(PROVIDERS) }),
  (running) => {
    let service: TestService
    beforeAll(async () => {
      service = running()
      for (const provider of ['plain', 'strong']) await people.link(service, provider, ADMIN)
      const owner = await service.addProject('vision', 'olivia')
      await service.addService('model-1.internal')
      const settings = { project: 'vision', host: 'resnet.models.internal', service: 'model-1.internal' }
      await service.addDeployment('resnet', settings)
      const open = { ...settings, authModes: ['api-key'] }
      expectStatus(await service.put('/v1/deployments/resnet', open, owner), 200)
    })

    const signedIn = (provider: string) => sessionOf(service, provider, ADMIN)
    const scopesOf = async (name: string) => {
      const { apiKeys } = expectStatus(await service.get('/v1/api-keys', service.admin), 200).json
      return (apiKeys as { name: string; scopes: string[] }[]).find((key) => key.name === name)?.scopes
    }

    test('one that was made with the certificate is not widened in a sign-in that does not administer', async () => {
      const body = { name: 'platform', scopes: ['USER', 'SERVING'], deployments: 'all' }
      expectStatus(await service.post('/v1/api-keys', body, service.admin), 201)
      const update = async (provider: string, scopes: readonly string[]) => {
        const headers = await signedIn(provider)
        return service.send({ method: 'PUT', path: '/v1/api-keys/platform', body: { scopes }, headers })
      }
      expect(known(await update('plain', ['USER', 'MODELREGISTRY']))).toEqual({ status: 403, code: 'not_permitted' })
      expect(await scopesOf('platform')).toEqual(['USER', 'SERVING'])
      expect((await update('plain', ['USER'])).status).toBe(200)
      expect((await update('strong', ['USER', 'MODELREGISTRY'])).status).toBe(200)
      expect(await scopesOf('platform')).toEqual(['USER', 'MODELREGISTRY'])
    })

    test.each([
      ['plain', ['MODELREGISTRY'], 'SCOPE_MISSING'],
      ['strong', ['MODELREGISTRY'], 'SCOPE_MISSING'],
      ['strong', ['MODELREGISTRY', 'ADMIN'], 'ALLOWED'],
      ['strong', ['ADMIN'], 'SCOPE_MISSING'],
    ])('one that was made at %s with %j manages a model: %s', async (provider, scopes, reason) => {
      const name = [provider, ...scopes].join('-').toLowerCase()
      const asked = { method: 'POST', path: '/v1/api-keys', body: { name, scopes } }
      const made = await service.send({ ...asked, headers: await signedIn(provider) })
      const key = String(expectStatus(made, 201).json['value'])
      const body = { deployment: 'resnet', actingUser: ADMIN, action: 'deploy' }
      const answer = await service.post('/v1/authorize', body, undefined, { authorization: `ApiKey ${key}` })
      expect(expectStatus(answer, 200).json['reason']).toBe(reason)
      const told = await service.post('/v1/authorize', { ...body, explain: true }, undefined, {
        authorization: `ApiKey ${key}`,
      })
      // Why others are refused is for administrators, by key those with the scope.
      expect([told.status, told.code]).toEqual(scopes.includes('ADMIN') ? [200, undefined] : [403, 'scope_missing'])
    })
  },
)
