// The end of an account: who may, and that nothing of it is left in any project. AA5, rules 1 and 14.
import { beforeAll, expect, test } from 'vitest'
import type { UserName } from '../../src/domain/user-name.ts'
import { deleteUser } from '../../src/enrollment/delete-user.ts'
import { actContext, openInstallation } from '../../src/main/installation.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

onBothStores(
  'an account that is deleted',
  () => ({}),
  (running) => {
    let service: TestService
    let owner: Certified
    let other: Certified
    let launcher: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'owner')
      other = await service.addProject('speech', 'other')
      launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision', 'speech'] })
    })

    const remove = (
      user: string,
      by: ClientIdentity | undefined = service.admin,
      headers: Record<string, string> = {},
    ): Promise<Answer> => service.send({ method: 'DELETE', path: `/v1/users/${user}`, headers }, by)
    const fresh = async () => {
      count += 1
      const name = `u${String(count)}`
      return { name, by: await service.addMember('vision', name, owner) }
    }

    test.each([
      ['nobody', 401, 'unauthenticated'],
      ['themselves', 403, 'not_permitted'],
      ['an owner', 403, 'not_permitted'],
    ])('is not deleted by %s', async (asker, status, code) => {
      const { name, by } = await fresh()
      const identity = asker === 'nobody' ? undefined : asker === 'an owner' ? owner : by
      const asked = () => service.send({ method: 'DELETE', path: `/v1/users/${name}` }, identity)
      expect(known(await leavesNothing(service, asked))).toEqual({ status, code })
      expectStatus(await service.get('/v1/me', by), 200)
    })

    test.each([
      ['an administrator by themselves', 'root-admin', 403, 'not_permitted'],
      ['who is unknown', 'ghost', 404, 'user_unknown'],
      ['in another letter case', 'OWNER', 404, 'user_unknown'],
      ['of no name', 'a__b', 400, 'name_rejected'],
    ])('%s is refused', async (_, name, status, code) => {
      expect(known(await leavesNothing(service, () => remove(name)))).toEqual({ status, code })
    })

    test('the last administrator is not deleted, also by the operator at the machine', async () => {
      const opened = await openInstallation(service.configuration, undefined, service.clock)
      try {
        const name = 'root-admin' as UserName
        const act = () =>
          deleteUser(actContext(opened), { caller: { kind: 'offline' }, origin: { requestId: '' }, name })
        await leavesNothing(service, () => expect(act()).rejects.toMatchObject({ code: 'last_administrator' }))
      } finally {
        await opened.storage.close()
      }
    })

    test('is deleted once, and answered again to the same Idempotency-Key', async () => {
      const { name } = await fresh()
      const headers = { 'idempotency-key': `delete-${name}` }
      const first = expectStatus(await remove(name, service.admin, headers), 200)
      expect(first.json).toMatchObject({ name, status: 'deleted' })
      const again = await leavesNothing(service, () => remove(name, service.admin, headers))
      expect(expectStatus(again, 200).json).toEqual(first.json)
      expect(known(await leavesNothing(service, () => remove(name)))).toEqual({ status: 404, code: 'user_unknown' })
    })

    test('AA5: has no certificate, token or job in any project any more', async () => {
      const { name, by } = await fresh()
      expectStatus(await service.put(`/v1/projects/speech/members/${name}`, { role: 'scientist' }, other), 201)
      const elsewhere = await service.enrol('speech', name, other)
      const csr = (await makeCsr()).pem
      const started = expectStatus(
        await service.post('/v1/jobs', { project: 'vision', user: name, csr }, launcher),
        201,
      )
      const job = started.json['certificate'] as { serial: string }
      const bought = await service.post('/v1/tokens', { audience: 'launcher.internal' }, by)
      const token = expectStatus(bought, 201).json['access_token']

      expectStatus(await remove(name), 200)

      for (const { serial } of [by, elsewhere, job]) {
        const { json } = await service.get(`/v1/certificates/${serial}`, service.admin)
        expect(json).toMatchObject({ status: 'revoked', reason: 'affiliationChanged' })
      }
      for (const each of [by, elsewhere]) expect((await service.get('/v1/me', each)).status).toBe(401)
      expect((await service.post('/v1/tokens/introspect', { token }, service.admin)).json['active']).toBe(false)
      for (const each of [owner, other]) expectStatus(await service.get('/v1/me', each), 200)
    })

    test('rule 1: leaves the name taken, and nobody brings it back', async () => {
      const { name } = await fresh()
      expectStatus(await remove(name), 200)
      const member = `/v1/projects/vision/members/${name}`
      const asked: readonly [() => Promise<Answer>, number, string][] = [
        [() => service.put(`/v1/users/${name}`, {}, service.admin), 409, 'name_taken'],
        [() => service.put(`/v1/users/${name.toUpperCase()}`, {}, service.admin), 409, 'name_taken'],
        [() => service.put(member, { role: 'scientist' }, owner), 404, 'user_unknown'],
        [() => service.post(`${member}/enrolment`, undefined, owner), 404, 'member_unknown'],
        ...['block', 'unblock', 'promote', 'demote'].map((verb): [() => Promise<Answer>, number, string] => [
          () => service.post(`/v1/users/${name}/${verb}`, undefined, service.admin),
          404,
          'user_unknown',
        ]),
      ]
      for (const [act, status, code] of asked) {
        expect(known(await leavesNothing(service, act))).toEqual({ status, code })
      }
    })

    test('rule 14: a project that lost its only owner gets another from an administrator', async () => {
      const left = await service.addProject('orphan', 'leaver')
      await service.addUser('heir')
      expectStatus(await remove('leaver'), 200)
      expect((await service.get('/v1/projects/orphan/members', left)).status).toBe(401)
      const add = (role: string) => service.put('/v1/projects/orphan/members/heir', { role }, service.admin)
      expect(known(await leavesNothing(service, () => add('scientist')))).toEqual({
        status: 403,
        code: 'not_permitted',
      })
      expectStatus(await add('owner'), 201)
    })
  },
)
