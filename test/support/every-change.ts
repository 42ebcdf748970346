// Each kind of change, made, changed and ended over a running service: what must be the same after a restart, and after a restore.
import { type ClientIdentity } from './https-client.ts'
import { addModelPeople, giveRoles, type ModelPeople, registered, registeredModel } from './model-people.ts'
import { type People, sessionOf } from './people.ts'
import { type Certified, expectStatus, type TestService } from './test-service.ts'

/** `people`: of a provider `plain`. `between`: once things are there, and before they end. */
export async function everyKindOfChange(
  service: TestService,
  people: People,
  between: (by: ModelPeople) => Promise<unknown> = async () => undefined,
): Promise<void> {
  const by = await addModelPeople(service)
  await directory(service, by)
  await serving(service, by)
  await models(service, by)
  await credentials(service, by)
  await people.link(service, 'plain', 'bob', ['lab1', 'lab2'])
  await signIns(service, people)
  await between(by)
  await ends(service, by)
  expectStatus(
    await service.put('/v1/settings/model-access-control?confirm=true', { value: 'disabled' }, service.admin),
    200,
  )
}

async function directory(service: TestService, by: ModelPeople): Promise<void> {
  for (const name of ['sa-one', 'sa-two']) {
    expectStatus(await service.put(`/v1/projects/vision/service-accounts/${name}`, {}, by.owner), 201)
  }
  expectStatus(await remove(service, '/v1/projects/vision/service-accounts/sa-two', by.owner), 200)
  for (const name of ['erin', 'frank', 'gina']) await service.addMember('vision', name, by.owner)
  expectStatus(await remove(service, '/v1/projects/vision/members/erin', by.owner), 200)
  expectStatus(await service.post('/v1/users/frank/block', undefined, service.admin), 200)
  await service.addUser('helen', 'admin')
}

async function serving(service: TestService, by: ModelPeople): Promise<void> {
  for (const name of ['model-1.internal', 'model-2.internal', 'gateway.internal', 'batch.internal']) {
    await service.addService(name)
  }
  const whose = { project: 'vision', service: 'model-1.internal' }
  await service.addDeployment('one', { ...whose, host: 'one.models.internal' })
  await service.addDeployment('two', { ...whose, host: 'two.models.internal' })
  await service.addDeployment('three', {
    project: 'vision',
    service: 'model-2.internal',
    host: 'three.models.internal',
  })
  const moved = {
    ...whose,
    host: 'moved.models.internal',
    paths: ['/v1/one'],
    authModes: ['passphrase', 'api-key'],
    passphrases: [{ id: 'a', passphrase: 'a passphrase of some length' }],
    externalGroups: ['lab1', ' lab1'],
    callsPerMinute: 7,
  }
  expectStatus(await service.put('/v1/deployments/one', moved, by.owner), 200)
  expectStatus(await remove(service, '/v1/deployments/two', by.owner), 200)
  for (const [name, whom] of [
    ['main', 'gateway.internal'],
    ['second', 'batch.internal'],
    ['main', 'batch.internal'],
  ] as const) {
    const body = { service: whom, certificateHeader: 'nginx', deployments: ['one'] }
    const put = await service.put(`/v1/proxies/${name}`, body, service.admin)
    if (put.status !== 200) expectStatus(put, 409)
  }
  for (const name of ['front', 'back']) {
    const body = { service: 'model-1.internal', deployments: ['one'] }
    expectStatus(await service.put(`/v1/sidecars/${name}`, body, service.admin), 200)
  }
  expectStatus(await remove(service, '/v1/sidecars/back', service.admin), 200)
}

async function models(service: TestService, by: ModelPeople): Promise<void> {
  const kept = await registered(service, by.alice, { name: 'kept', backend_roles: ['HR', 'IT'] })
  const gone = await registered(service, by.alice, { name: 'gone' })
  for (const name of ['m', 'm']) await registeredModel(service, by.alice, { name, model_group_id: kept })
  const last = await registeredModel(service, by.alice, { name: 'm', model_group_id: gone })
  expectStatus(await remove(service, `/v1/models/${last}`, by.alice), 204)
  const renamed = await registeredModel(service, by.sue, { name: 'hidden', is_enabled: false })
  expectStatus(await service.put(`/v1/models/${renamed}`, { name: 'other', enabled: true }, by.sue), 200)
  await giveRoles(service, 'gina', ['HR'])
  await giveRoles(service, 'bob', [])
  for (const role of ['all_access', 'ml_read_access']) {
    const path = `/_plugins/_security/api/rolesmapping/${role}`
    expectStatus(await service.put(path, { users: ['carol'], backend_roles: ['HR'] }, service.admin), 200)
  }
  expectStatus(await remove(service, '/_plugins/_security/api/rolesmapping/ml_read_access', service.admin), 200)
}

async function credentials(service: TestService, by: ModelPeople): Promise<void> {
  const certificates: Certified[] = []
  for (const name of ['kim', 'leo', 'mia']) certificates.push(await service.addMember('vision', name, by.owner))
  const [revoked, held, released] = certificates.map(({ serial }) => serial)
  for (const [serial, reason] of [
    [revoked, 'superseded'],
    [held, 'certificateHold'],
    [released, 'certificateHold'],
    [released, 'removeFromCRL'],
  ] as const) {
    expectStatus(await service.post(`/v1/certificates/${String(serial)}/revoke`, { reason }, by.owner), 200)
  }
  const token = expectStatus(await service.post('/v1/tokens', { audience: service.url }, by.alice), 201).json
  expectStatus(await service.post('/v1/tokens/revoke', { token: token['access_token'] }, by.alice), 200)
  for (const name of ['a', 'b', 'c']) {
    expectStatus(await service.post('/v1/api-keys', { name, scopes: ['SERVING'] }, by.alice), 201)
  }
  const body = { scopes: ['USER'], deployments: ['one'] }
  expectStatus(await service.put('/v1/api-keys/b', body, by.alice), 200)
  expectStatus(await remove(service, '/v1/api-keys/c', by.alice), 204)
}

async function signIns(service: TestService, people: People): Promise<void> {
  await sessionOf(service, 'plain', 'bob')
  await people.put('bob', ['lab2', 'lab3'])
  const headers = await sessionOf(service, 'plain', 'bob')
  expectStatus(await service.send({ method: 'POST', path: '/v1/session/refresh', headers }), 200)
  const other = await sessionOf(service, 'plain', 'bob')
  expectStatus(await service.send({ method: 'POST', path: '/v1/logout', headers: other }), 200)
  await people.link(service, 'plain', 'gina', ['lab1'])
  await sessionOf(service, 'plain', 'gina')
}

/** Of whole things, with all that hangs on them. */
async function ends(service: TestService, by: ModelPeople): Promise<void> {
  expectStatus(await remove(service, '/v1/users/gina', service.admin), 200)
  const owner = await service.addProject('ending', 'ivan')
  await service.addMember('ending', 'judy', owner)
  expectStatus(await service.put('/v1/projects/ending/service-accounts/sa-x', {}, owner), 201)
  expectStatus(await service.post('/v1/api-keys', { name: 'k', scopes: ['SERVING'] }, owner), 201)
  const settings = { project: 'ending', service: 'model-2.internal', host: 'ending.models.internal' }
  await service.addDeployment('ending', settings)
  expectStatus(await remove(service, '/v1/projects/ending', service.admin), 200)
  for (const name of ['batch.internal', 'model-2.internal']) {
    expectStatus(await remove(service, `/v1/services/${name}`, service.admin), 200)
  }
  expectStatus(await remove(service, '/v1/projects/vision/members/dave', by.owner), 200)
}

function remove(service: TestService, path: string, by: ClientIdentity) {
  return service.send({ method: 'DELETE', path }, by)
}
