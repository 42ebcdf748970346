// The register of proxies, over the running service: what administrators may write there, and what becomes of it.
import { beforeAll, expect, test } from 'vitest'
import { onBothStores } from '../support/both-stores.ts'
import { type Answer, known } from '../support/https-client.ts'
import { expectStatus, type TestService } from '../support/test-service.ts'

const ENTRY = { service: 'gateway.internal', certificateHeader: 'nginx', deployments: ['resnet'] }

onBothStores(
  'proxies',
  () => ({}),
  (running) => {
    const service = (): TestService => running()
    const put = (name: string, body: object): Promise<Answer> =>
      service().put(`/v1/proxies/${name}`, body, service().admin)
    const get = (name: string): Promise<Answer> => service().get(`/v1/proxies/${name}`, service().admin)

    beforeAll(async () => {
      await service().addProject('vision', 'alice')
      for (const name of ['gateway.internal', 'edge.internal', 'model-1.internal']) await service().addService(name)
      const resnet = { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' }
      await service().addDeployment('resnet', resnet)
    })

    test('are put, replaced, read after a restart, and taken out', async () => {
      expectStatus(await put('main', ENTRY), 200)
      expect((await get('main')).json).toEqual({ name: 'main', hops: 0, ...ENTRY })
      const other = { service: 'gateway.internal', certificateHeader: 'xfcc', hops: 2, deployments: 'all' }
      expectStatus(await put('main', other), 200)
      await service().stop()
      await service().restart()
      expect((await get('main')).json).toEqual({ name: 'main', ...other })
      const listed = (await service().get('/v1/proxies', service().admin)).json['proxies']
      expect(listed).toEqual([{ name: 'main', ...other }])
      const removed = await service().send({ method: 'DELETE', path: '/v1/proxies/main' }, service().admin)
      expect(removed.status).toBe(200)
      expect(known(await get('main'))).toEqual({ status: 404, code: 'proxy_unknown' })
      const { events } = (await service().get('/v1/audit?limit=10', service().admin)).json
      const acts = (events as { act: string; object: string }[]).map(({ act, object }) => `${act} ${object}`)
      expect(acts.filter((act) => act.endsWith('proxy:main'))).toEqual([
        'proxy.delete proxy:main',
        'proxy.put proxy:main',
        'proxy.put proxy:main',
      ])
    })

    test('are one a service', async () => {
      expectStatus(await put('first', ENTRY), 200)
      expect(known(await put('second', ENTRY))).toEqual({ status: 409, code: 'proxy_service_taken' })
      expectStatus(await put('first', { ...ENTRY, service: 'edge.internal' }), 200)
      expectStatus(await put('second', ENTRY), 200)
    })

    test('end with their service', async () => {
      await service().addService('brief.internal')
      expectStatus(await put('brief', { ...ENTRY, service: 'brief.internal' }), 200)
      const path = '/v1/services/brief.internal'
      expectStatus(await service().send({ method: 'DELETE', path }, service().admin), 200)
      expect(known(await get('brief'))).toEqual({ status: 404, code: 'proxy_unknown' })
    })

    test.each<[string, string, object, number, string]>([
      ['a service that is not there', 'bad', { ...ENTRY, service: 'absent.internal' }, 404, 'service_unknown'],
      ['a deployment that is not there', 'bad', { ...ENTRY, deployments: ['absent'] }, 404, 'deployment_unknown'],
      ['a dialect that is none', 'bad', { ...ENTRY, certificateHeader: 'x-cert' }, 400, 'body_rejected'],
      ['no dialect', 'bad', { service: 'gateway.internal', deployments: 'all' }, 400, 'body_rejected'],
      ['no deployments', 'bad', { service: 'gateway.internal', certificateHeader: 'none' }, 400, 'body_rejected'],
      ['every deployment by a word of its own', 'bad', { ...ENTRY, deployments: '*' }, 400, 'body_rejected'],
      ['hops below none', 'bad', { ...ENTRY, hops: -1 }, 400, 'body_rejected'],
      ['too many hops', 'bad', { ...ENTRY, hops: 11 }, 400, 'body_rejected'],
      ['a name in upper case', 'Bad', ENTRY, 400, 'name_rejected'],
      ['an unknown field', 'bad', { ...ENTRY, mayForwardCert: true }, 400, 'body_rejected'],
    ])('refuse %s, and nothing is stored', async (_, name, body, status, code) => {
      expect(known(await put(name, body))).toEqual({ status, code })
      expect((await get('bad')).code).toBe('proxy_unknown')
    })
  },
)
