// Promote and demote: who may, never the last administrator, and what ends with the role. AA7, rules 12 and 18.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { issueAdministratorOffline } from '../../src/cli/offline-administrator.ts'
import type { UserName } from '../../src/domain/user-name.ts'
import { demoteUser } from '../../src/enrollment/platform-role.ts'
import { actContext, openInstallation } from '../../src/main/installation.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

type Administrator = ClientIdentity & { readonly serial: string }

onBothStores(
  'the role of an administrator',
  () => ({}),
  (running) => {
    let service: TestService
    let owner: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'owner')
    })

    const change = (
      user: string,
      verb: string,
      by: ClientIdentity | undefined = service.admin,
      headers: Record<string, string> = {},
    ): Promise<Answer> => service.post(`/v1/users/${user}/${verb}`, undefined, by, headers)
    const newUser = async (role: 'user' | 'admin' = 'user'): Promise<string> => {
      count += 1
      await service.addUser(`u${String(count)}`, role)
      return `u${String(count)}`
    }
    /** What the operator does at the machine. */
    async function certificateOf(user: string): Promise<Administrator> {
      const folder = join(service.folder, user)
      const files = await issueAdministratorOffline(service.configuration, {
        user,
        folder,
        passphrase: 'one two three',
      })
      const identity = { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
      const me = expectStatus(await service.get('/v1/me', identity), 200)
      return { ...identity, serial: String(me.json['serial']) }
    }
    const newAdministrator = async (): Promise<{ readonly name: string; readonly by: Administrator }> => {
      const name = await newUser()
      expectStatus(await change(name, 'promote'), 200)
      return { name, by: await certificateOf(name) }
    }

    test.each([
      ['promote', 'nobody', 401, 'unauthenticated'],
      ['promote', 'an owner', 403, 'not_permitted'],
      ['demote', 'nobody', 401, 'unauthenticated'],
      ['demote', 'an owner', 403, 'not_permitted'],
    ] as const)('to %s is not for %s', async (verb, asker, status, code) => {
      const user = await newUser(verb === 'demote' ? 'admin' : 'user')
      const by = asker === 'nobody' ? undefined : owner
      const asked = () => service.send({ method: 'POST', path: `/v1/users/${user}/${verb}` }, by)
      expect(known(await leavesNothing(service, asked))).toEqual({ status, code })
    })

    test.each(['promote', 'demote'])('nobody may %s themselves', async (verb) => {
      const { by, name } = await newAdministrator()
      for (const [user, identity] of [
        ['root-admin', service.admin],
        [name, by],
      ] as const) {
        const refused = await leavesNothing(service, () => change(user, verb, identity))
        expect({ user, ...known(refused) }).toEqual({ user, status: 403, code: 'not_permitted' })
      }
    })

    test.each([
      ['promote', 'ghost', 404, 'user_unknown'],
      ['demote', 'ghost', 404, 'user_unknown'],
      ['promote', 'sa-robot', 400, 'name_rejected'],
      ['demote', 'a__b', 400, 'name_rejected'],
    ])('to %s %s is refused', async (verb, user, status, code) => {
      expect(known(await leavesNothing(service, () => change(user, verb)))).toEqual({ status, code })
    })

    test('a blocked user is not promoted, and a blocked administrator is demoted', async () => {
      const [user, administrator] = [await newUser(), await newUser('admin')]
      for (const name of [user, administrator]) expectStatus(await change(name, 'block'), 200)
      const refused = await leavesNothing(service, () => change(user, 'promote'))
      expect(known(refused)).toEqual({ status: 403, code: 'user_blocked' })
      const demoted = expectStatus(await change(administrator, 'demote'), 200)
      expect(demoted.json).toMatchObject({ status: 'blocked', platformRole: 'user' })
      expect(expectStatus(await change(administrator, 'unblock'), 200).json).toMatchObject({ platformRole: 'user' })
    })

    test('what is so already changes nothing', async () => {
      const [user, administrator] = [await newUser(), await newUser('admin')]
      const promoted = await leavesNothing(service, () => change(administrator, 'promote'))
      expect(expectStatus(promoted, 200).json).toMatchObject({ platformRole: 'admin' })
      const demoted = await leavesNothing(service, () => change(user, 'demote'))
      expect(expectStatus(demoted, 200).json).toMatchObject({ platformRole: 'user' })
    })

    test('AA7: a promoted user administers with a certificate of the role alone', async () => {
      const member = await service.addMember('vision', `member${String(count)}`, owner)
      const name = `member${String(count)}`
      expectStatus(await change(name, 'promote'), 200)
      expect(known(await service.get('/v1/users', member))).toEqual({ status: 403, code: 'not_permitted' })
      const by = await certificateOf(name)
      expectStatus(await service.get('/v1/users', by), 200)
      // What is inside a project is not theirs as an administrator, and is theirs still as a member.
      expect(known(await service.get('/v1/projects/vision/members', by))).toMatchObject({ status: 403 })
      expectStatus(await service.get('/v1/projects/vision/members', member), 200)
    })

    test('rule 12: the jobs of a promoted user end, and no other begins', async () => {
      const name = `worker${String(count)}`
      const member = await service.addMember('vision', name, owner)
      const host = `launcher${String(count)}.internal`
      const launcher = await service.addService(host, { roles: ['launcher'], projects: ['vision'] })
      const start = async () =>
        service.post('/v1/jobs', { project: 'vision', user: name, csr: (await makeCsr()).pem }, launcher)
      const { serial } = expectStatus(await start(), 201).json['certificate'] as { serial: string }
      expectStatus(await change(name, 'promote'), 200)
      const { json } = await service.get(`/v1/certificates/${serial}`, service.admin)
      expect(json).toMatchObject({ status: 'revoked', reason: 'privilegeWithdrawn' })
      expect(known(await leavesNothing(service, start))).toEqual({ status: 403, code: 'job_of_administrator' })
      expectStatus(await service.get('/v1/me', member), 200)
    })

    test('a demoted administrator has nothing left of the role', async () => {
      const { name, by } = await newAdministrator()
      const second = await certificateOf(name)
      const member = `invited${String(count)}`
      await service.addUser(member)
      expectStatus(await service.put(`/v1/projects/vision/members/${member}`, { role: 'scientist' }, owner), 201)
      const enrolmentToken = await service.enrolmentToken('vision', member, by)

      expect(expectStatus(await change(name, 'demote'), 200).json).toMatchObject({ name, platformRole: 'user' })

      for (const each of [by, second]) {
        const { json } = await service.get(`/v1/certificates/${each.serial}`, service.admin)
        expect(json).toMatchObject({ status: 'revoked', reason: 'privilegeWithdrawn' })
        const asked = () => service.get('/v1/users', each)
        expect(known(await asked())).toEqual({ status: 401, code: 'client_certificate_refused' })
      }
      const path = `/v1/projects/vision/members/${member}/certificates`
      const enrolling = async () => service.post(path, { csr: (await makeCsr()).pem, enrolmentToken })
      expect(known(await leavesNothing(service, enrolling))).toEqual({ status: 401, code: 'enrolment_token_invalid' })
      await expect(certificateOf(name)).rejects.toMatchObject({ code: 'not_an_administrator' })
    })

    test('who is promoted again gets nothing back', async () => {
      const { name, by } = await newAdministrator()
      for (const verb of ['demote', 'promote']) expectStatus(await change(name, verb), 200)
      expect(known(await service.get('/v1/users', by))).toEqual({ status: 401, code: 'client_certificate_refused' })
    })

    test('is answered again to the same Idempotency-Key, and refused to whoever lost the role', async () => {
      const [{ by, name }, user] = [await newAdministrator(), await newUser()]
      const headers = { 'idempotency-key': `promote-${user}` }
      const first = expectStatus(await change(user, 'promote', by, headers), 200)
      expectStatus(await change(user, 'demote'), 200)
      const again = await leavesNothing(service, () => change(user, 'promote', by, headers))
      expect(expectStatus(again, 200).json).toEqual(first.json)
      expectStatus(await change(name, 'demote'), 200)
      expect(known(await change(user, 'promote', by, headers))).toMatchObject({ status: 401 })
    })

    test('of two who demote each other at once, one stays', async () => {
      const [one, two] = [await newAdministrator(), await newAdministrator()]
      const answers = await Promise.all([change(two.name, 'demote', one.by), change(one.name, 'demote', two.by)])
      const statuses = answers.map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.every((status) => [200, 401, 403].includes(status))).toBe(true)
      const { users } = (await service.get('/v1/users?limit=1000', service.admin)).json
      const roles = (users as { name: string; platformRole: string }[])
        .filter(({ name }) => [one.name, two.name].includes(name))
        .map(({ platformRole }) => platformRole)
      expect(roles.toSorted()).toEqual(['admin', 'user'])
    })

    test('the last administrator is not demoted, also by the operator at the machine', async () => {
      const { users } = (await service.get('/v1/users?limit=1000', service.admin)).json
      for (const { name, platformRole } of users as { name: string; platformRole: string }[]) {
        if (platformRole === 'admin' && name !== 'root-admin') expectStatus(await change(name, 'demote'), 200)
      }
      const opened = await openInstallation(service.configuration, undefined, service.clock)
      try {
        const asked = {
          caller: { kind: 'offline' },
          origin: { requestId: '' },
          name: 'root-admin' as UserName,
        } as const
        const act = () => demoteUser(actContext(opened), asked)
        await leavesNothing(service, () => expect(act()).rejects.toMatchObject({ code: 'last_administrator' }))
      } finally {
        await opened.storage.close()
      }
    })
  },
)
