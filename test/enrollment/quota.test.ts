// Quotas: how many projects a user may own, who says so, and that no two projects at once make one too many. AA7, rule 14.
import { beforeAll, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

const DEFAULT = 2
const EXCEEDED = { status: 409, code: 'quota_exceeded' }

onBothStores(
  'quotas',
  () => ({ flags: { 'directory.projectsPerUser': DEFAULT } }),
  (running) => {
    let service: TestService
    let owner: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'owner')
    })

    const fresh = async (projects?: number): Promise<string> => {
      const user = `u${String((count += 1))}`
      await service.addUser(user)
      if (projects !== undefined) expectStatus(await set(user, projects), 200)
      return user
    }
    const set = (user: string, projects: unknown, by: ClientIdentity = service.admin): Promise<Answer> =>
      service.put(`/v1/users/${user}/quota`, { projects }, by)
    const quota = async (user: string): Promise<unknown> =>
      (await service.get(`/v1/users/${user}/quota`, service.admin)).json
    const make = (user: string): Promise<Answer> =>
      service.post('/v1/projects', { name: `p${String((count += 1))}`, owner: user }, service.admin)
    const join = (user: string, role: string): Promise<Answer> =>
      service.put(`/v1/projects/vision/members/${user}`, { role }, owner)

    test('the setting holds for whom nothing is said: the last project, and the one after it', async () => {
      const user = await fresh()
      expect(await quota(user)).toEqual({ user, projects: DEFAULT, owned: 0 })
      for (let n = 0; n < DEFAULT; n += 1) expectStatus(await make(user), 201)
      const answer = await leavesNothing(service, () => make(user))
      expect(known(answer)).toEqual(EXCEEDED)
      // How many they own is not told.
      expect(answer.json['facts']).toEqual({ user, projects: DEFAULT })
    })

    test('an administrator gives more, or nothing, and takes no project away', async () => {
      const user = await fresh(0)
      expect(known(await leavesNothing(service, () => make(user)))).toEqual(EXCEEDED)
      expectStatus(await set(user, 1), 200)
      expectStatus(await make(user), 201)
      expect(expectStatus(await set(user, 0), 200).json).toEqual({ user, projects: 0, owned: 1 })
      expect(known(await leavesNothing(service, () => make(user)))).toEqual(EXCEEDED)
      const events = (await service.get('/v1/audit?limit=10', service.admin)).json['events'] as Record<
        string,
        unknown
      >[]
      expect(events.find(({ act }) => act === 'user.quota')).toMatchObject({
        actor: 'admin:root-admin',
        object: `user:${user}`,
        details: { projects: 0 },
      })
    })

    test('whoever is made an owner by an owner owns a project too; a scientist owns none', async () => {
      const user = await fresh(0)
      expect(known(await leavesNothing(service, () => join(user, 'owner')))).toEqual(EXCEEDED)
      expectStatus(await join(user, 'scientist'), 201)
      expect(await quota(user)).toMatchObject({ owned: 0 })
    })

    test('a project that is deleted or left counts no more', async () => {
      const user = await fresh(1)
      const { json } = expectStatus(await make(user), 201)
      const path = `/v1/projects/${String(json['name'])}`
      expect(known(await leavesNothing(service, () => join(user, 'owner')))).toEqual(EXCEEDED)
      expectStatus(await service.send({ method: 'DELETE', path }, service.admin), 200)
      expectStatus(await join(user, 'owner'), 201)
      expect(known(await leavesNothing(service, () => make(user)))).toEqual(EXCEEDED)
      const member = `/v1/projects/vision/members/${user}`
      expectStatus(await service.send({ method: 'DELETE', path: member }, owner), 200)
      expectStatus(await make(user), 201)
    })

    test.each([
      ['of less than none', -1, 400, 'body_rejected'],
      ['of a half', 1.5, 400, 'body_rejected'],
      ['of too many', 100_001, 400, 'body_rejected'],
      ['in words', 'many', 400, 'body_rejected'],
      ['of nothing', undefined, 400, 'body_rejected'],
    ])('a quota %s is refused', async (_, projects, status, code) => {
      const user = await fresh()
      expect(known(await leavesNothing(service, () => set(user, projects)))).toEqual({ status, code })
    })

    test.each([
      ['nobody', 'nosuchuser', 404, 'user_unknown'],
      ['a deleted user', 'dead', 404, 'user_unknown'],
      ['a user in another letter case', 'OWNER', 404, 'user_unknown'],
      ['a service account', 'sa-etl', 400, 'name_rejected'],
    ])('%s has no quota', async (_, user, status, code) => {
      await service.put('/v1/users/dead', { platformRole: 'user' }, service.admin)
      await service.send({ method: 'DELETE', path: '/v1/users/dead' }, service.admin)
      expect(known(await leavesNothing(service, () => set(user, 3)))).toEqual({ status, code })
      expect(known(await service.get(`/v1/users/${user}/quota`, service.admin))).toEqual({ status, code })
    })

    test('AA7: users neither see nor set a quota, not even their own', async () => {
      for (const asked of [
        () => set('owner', 100, owner),
        () => service.get('/v1/users/owner/quota', owner),
        () => service.get('/v1/users/root-admin/quota', owner),
      ]) {
        expect(known(await leavesNothing(service, asked))).toEqual({ status: 403, code: 'not_permitted' })
      }
    })

    test('rule 29: of projects made at once, no more are made than the quota says', async () => {
      for (let round = 0; round < 3; round += 1) {
        const user = await fresh(2)
        const acts = Array.from({ length: 5 }, () => make(user))
        const answers = await Promise.all([...acts, join(user, 'owner')])
        expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 201, 409, 409, 409, 409])
        expect(await quota(user)).toEqual({ user, projects: 2, owned: 2 })
      }
    })
  },
)
