// What a process knows that starts now is what one knows that has followed every change since the first: each kind of change, made,
// changed and ended over the running service, on both stores.
import { afterAll, expect, test } from 'vitest'
import { SnapshotState } from '../../src/access/snapshot-state.ts'
import type { Change } from '../../src/domain/change.ts'
import { endQuarantine } from '../../src/enrollment/end-quarantine.ts'
import { beginQuarantine } from '../support/begin-quarantine.ts'
import { NOBODY, openInstallation } from '../../src/main/installation.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type ClientIdentity } from '../support/https-client.ts'
import { addModelPeople, giveRoles, type ModelPeople, registered, registeredModel } from '../support/model-people.ts'
import { People, sessionOf } from '../support/people.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

/** Every kind, so that a new one is missed here until something below makes it. */
const KINDS: Readonly<Record<Change['kind'], true>> = {
  ...{ user: true, project: true, member: true, account: true, service: true, deployment: true, proxy: true },
  ...{ sidecar: true, 'model-group': true, model: true, 'user-roles': true, 'role-mapping': true, setting: true },
  ...{ revocation: true, 'api-key': true, session: true, 'sign-in': true, 'token-revocation': true },
  ...{ 'token-key': true, issuer: true, crl: true, quarantine: true },
}

const people = new People()
afterAll(() => people.close())

onBothStores(
  'the state after a restart',
  () => ({ flags: people.flags({ plain: {} }) }),
  (running) => {
    test('is that of the changes, one after the other', async () => {
      const service = running()
      await everyKindOfChange(service)
      const { storage } = await openInstallation(service.configuration, NOBODY)
      await storage.run((tx) => beginQuarantine(tx, new Date()))
      expect(folded((await storage.readState()).changes)).toMatchObject({ quarantine: { kind: 'quarantined' } })
      await storage.run((tx) => endQuarantine(tx, new Date()))
      const { changes: state, seq } = await storage.readState()
      const log = (await storage.changesAfter(0, 100_000)).filter((entry) => entry.seq <= seq)
      await storage.close()
      const changes = log.map(({ change }) => change)
      expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(Object.keys(KINDS)))
      expect(folded(state)).toEqual(folded(changes))
    })
  },
)

function folded(changes: readonly Change[]): object {
  const state = new SnapshotState()
  for (const change of changes) state.fold(change)
  // The order of deployments on a host says nothing; a map of a project without anybody is as good as none.
  const hosts = [...state.deploymentsByHost].map(([host, all]) => [host, all.map(({ name }) => name).sort()] as const)
  const filled = <Value>(map: Map<string, Map<string, Value>>) =>
    new Map([...map].filter(([, inner]) => inner.size > 0))
  const { members, accounts } = state
  const revocations = new Map([...state.revocations].map(([issuer, index]) => [issuer, new Map(index)]))
  const inner = { members: filled(members), accounts: filled(accounts), revocations: filled(revocations) }
  return { ...Object.fromEntries(Object.entries(state)), ...inner, deploymentsByHost: new Map(hosts) }
}

async function everyKindOfChange(service: TestService): Promise<void> {
  const by = await addModelPeople(service)
  await directory(service, by)
  await serving(service, by)
  await models(service, by)
  await credentials(service, by)
  await people.link(service, 'plain', 'bob', ['lab1', 'lab2'])
  await signIns(service)
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

async function signIns(service: TestService): Promise<void> {
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
