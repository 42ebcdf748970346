// The register of sidecars over the real listener: who may say that there is one, and of what.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClientIdentity } from '../support/https-client.ts'
import { expectStatus, TestService } from '../support/test-service.ts'
import { leavesNothing } from './stored.ts'

let service: TestService
let owner: ClientIdentity
let stranger: ClientIdentity
let scientist: ClientIdentity
let model: ClientIdentity
let otherModel: ClientIdentity

beforeAll(async () => {
  service = await TestService.start()
  owner = await service.addProject('vision', 'olga')
  stranger = await service.addProject('speech', 'stan')
  scientist = await service.addMember('vision', 'sara', owner)
  model = await service.addService('model-1.internal')
  otherModel = await service.addService('model-2.internal')
  const host = (name: string) => `${name}.models.internal`
  const deployments = [
    ['resnet', 'vision', 'model-1.internal'],
    ['yolo', 'vision', 'model-2.internal'],
    ['whisper', 'speech', 'model-1.internal'],
  ] as const
  for (const [name, project, serves] of deployments) {
    await service.addDeployment(name, { project, host: host(name), service: serves })
  }
})

afterAll(async () => {
  await service.close()
})

const put = (name: string, deployments: readonly string[], by: ClientIdentity, whose = 'model-1.internal') =>
  service.put(`/v1/sidecars/${name}`, { service: whose, deployments }, by)

describe('a sidecar', () => {
  test('is registered, shown, replaced, listed and taken away', async () => {
    expect((await put('front', ['resnet'], owner)).json).toEqual({
      name: 'front',
      service: 'model-1.internal',
      deployments: ['resnet'],
      status: 'active',
    })
    expectStatus(await put('front', ['resnet', 'whisper'], service.admin), 200)
    for (const who of [model, service.admin]) {
      expect((await service.get('/v1/sidecars/front', who)).json['deployments']).toEqual(['resnet', 'whisper'])
    }
    const listed = await service.get('/v1/sidecars', service.admin)
    expect((listed.json['sidecars'] as { name: string }[]).map(({ name }) => name)).toEqual(['front'])
    const deleted = await service.send({ method: 'DELETE', path: '/v1/sidecars/front' }, service.admin)
    expect(deleted.json['status']).toBe('deleted')
    expect((await service.get('/v1/sidecars/front', service.admin)).code).toBe('sidecar_unknown')
    const events = (await service.get('/v1/audit?limit=100', service.admin)).json['events'] as { act: string }[]
    expect(events.filter(({ act }) => act.startsWith('sidecar.')).map(({ act }) => act)).toEqual([
      'sidecar.delete',
      'sidecar.put',
      'sidecar.put',
    ])
  })

  test.each([
    [
      'by nobody',
      401,
      'unauthenticated',
      () => service.put('/v1/sidecars/x', { service: 'a.internal', deployments: ['resnet'] }),
    ],
    ['by a scientist of the project', 403, 'not_permitted', () => put('x', ['resnet'], scientist)],
    ['by the owner of another project', 403, 'not_permitted', () => put('x', ['resnet'], stranger)],
    ['by the owner of one project of two', 403, 'not_permitted', () => put('x', ['resnet', 'whisper'], owner)],
    ['by an owner, of a deployment that is not there', 403, 'not_permitted', () => put('x', ['absent'], owner)],
    ['by the service itself', 403, 'not_permitted', () => put('x', ['resnet'], model)],
    ['of what another service serves', 409, 'sidecar_of_another_service', () => put('x', ['yolo'], owner)],
    ['of a deployment that is not there', 404, 'deployment_unknown', () => put('x', ['absent'], service.admin)],
    ['of a service that is not there', 404, 'service_unknown', () => put('x', ['resnet'], owner, 'model-9.internal')],
    ['of nothing', 400, 'body_rejected', () => put('x', [], service.admin)],
    ['with a name that is none', 400, 'name_rejected', () => put('x__y', ['resnet'], owner)],
  ] as const)('is refused %s', async (_, status, code, act) => {
    const answer = await leavesNothing(service, act)
    expect([answer.status, answer.code]).toEqual([status, code])
  })

  test('keeps its service, also when it was taken away', async () => {
    expectStatus(await put('kept', ['resnet'], owner), 200)
    expect((await put('kept', ['yolo'], owner, 'model-2.internal')).code).toBe('sidecar_of_another_service')
    expectStatus(await service.send({ method: 'DELETE', path: '/v1/sidecars/kept' }, owner), 200)
    expect((await put('kept', ['yolo'], owner, 'model-2.internal')).code).toBe('sidecar_of_another_service')
    expectStatus(await put('kept', ['resnet'], owner), 200)
  })

  test('is shown to nobody else', async () => {
    expectStatus(await put('hidden', ['resnet'], owner), 200)
    for (const who of [stranger, scientist, otherModel]) {
      const answer = await service.get('/v1/sidecars/hidden', who)
      expect([answer.status, answer.code]).toEqual([404, 'sidecar_unknown'])
    }
    expect((await service.get('/v1/sidecars/hidden', owner)).status).toBe(200)
  })

  test('ends with its service', async () => {
    await service.addService('model-3.internal')
    await service.addDeployment('alexnet', {
      project: 'vision',
      host: 'a.models.internal',
      service: 'model-3.internal',
    })
    expectStatus(await put('ending', ['alexnet'], owner, 'model-3.internal'), 200)
    expectStatus(await service.send({ method: 'DELETE', path: '/v1/services/model-3.internal' }, service.admin), 200)
    expect((await service.get('/v1/sidecars/ending', service.admin)).code).toBe('sidecar_unknown')
  })
})
