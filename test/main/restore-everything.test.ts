// Each kind of change, made after a backup over the running service, is there again when the backup is restored with the journal: the
// tables that grant and refuse access are the same, row by row. What cannot be is named, and grants nothing.
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { dialectOf } from '../../src/storage/dialect-of.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { everyKindOfChange } from '../support/every-change.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import { People, sessionOf } from '../support/people.ts'
import { backup, restore } from '../support/restoring.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

/** Columns by which access is decided; what else a row says is not in the journal. */
const COMPARED = {
  users: 'name, status, platform_role',
  projects: 'name, status',
  members: 'project, user_name, role, status',
  service_accounts: 'project, name, status',
  services: 'name, dns_names, system_user, roles, projects, status',
  deployments: 'name, project, host, service, service_callers, policy, status',
  deployment_hosts: 'host, path, deployment',
  proxies: 'name, service, certificate_dialect, hops, deployments',
  sidecars: 'name, service, deployments, status',
  certificates: 'serial, issuer, identity, project, status, revoked_at, reason, replaced_by, revoke_at, crl_partition',
  certified_keys: 'fingerprint, identity, compromised',
  user_links: 'provider, subject, user_name',
  sign_ins: 'user_name, provider, subject, at',
  user_groups: 'user_name, group_name',
  models: 'id, name, version, group_id, creator, hidden, enabled',
  model_groups: 'id, name, owner, access, roles, latest_version',
  internal_users: 'user_name, roles',
  role_mappings: 'role, users, backend_roles',
  settings: 'name, value',
  crl_partitions: 'issuer, number, generation, url',
} as const

type Rows = Readonly<Record<string, readonly string[]>>

const people = new People()
afterAll(() => people.close())

onBothStores(
  'a restore of everything',
  () => ({ flags: people.flags({ plain: {} }) }),
  (running) => {
    const at = (name: string) => join(running().folder, name)
    let before: Rows

    test('begins with two backups, and every kind of change after each', async () => {
      const service = running()
      await backup(service, at('first'))
      let owner: ClientIdentity | undefined
      let changing: Certified | undefined
      await everyKindOfChange(service, people, async (by) => {
        owner = by.owner
        changing = await service.addMember('vision', 'rita', by.owner)
        await service.addUser('tess')
        await people.link(service, 'plain', 'tess', ['lab1'])
        await sessionOf(service, 'plain', 'tess')
        await backup(service, at('second'))
      })
      if (owner === undefined || changing === undefined) throw new Error('nobody was added')
      await narrow(service, owner)
      expectStatus(await service.post('/v1/certificates/rekey', { csr: (await makeCsr()).pem }, changing), 201)
      await service.stop()
      before = await rowsOf(service)
      expect(before['certificates']?.some((row) => row.includes('"revoke_at":1'))).toBe(true)
      expect(before['user_links']).toHaveLength(2)
    })

    test('all of it is there again that was changed, and nothing that has ended', async () => {
      const service = running()
      const restored = await restore(service, at('second'))
      expect(restored).toMatchObject({ quarantine: 'off', survey: { reach: { kind: 'complete' } } })
      const after = await rowsOf(service)
      for (const table of Object.keys(COMPARED)) expect(after[table], table).toEqual(before[table])
    })

    test('of what was added all is there but what no journal has', async () => {
      const service = running()
      const restored = await restore(service, at('first'))
      expect(restored.quarantine).toBe('off')
      const after = await rowsOf(service)
      const { models, deployments, ...same } = before
      for (const table of Object.keys(same)) expect(after[table], table).toEqual(before[table])
      // A model is more than what a decision asks of it.
      expect(after['models']).toEqual([])
      expect(models?.length).toBeGreaterThan(0)
      expect(after['deployments']).toEqual(
        deployments?.map((row) => row.replace(/"passphrases":\[[^\]]*\]/, '"passphrases":[]')),
      )
      expect(deployments).not.toEqual(after['deployments'])
      expect(restored.review).toEqual(
        expect.arrayContaining([
          'deployment one of project vision: 1 passphrases are lost, set them anew',
          expect.stringMatching(/^model m \(.*\) was added: it is not there$/),
        ]),
      )
    })
  },
)

/** What lets fewer in than the second backup does. */
async function narrow(service: TestService, owner: ClientIdentity): Promise<void> {
  const put = {
    project: 'vision',
    service: 'model-1.internal',
    host: 'moved.models.internal',
    authModes: ['passphrase', 'api-key'],
    passphrases: [{ id: 'a' }],
    callsPerMinute: 1,
  }
  expectStatus(await service.put('/v1/deployments/one', put, owner), 200)
  expectStatus(await service.send({ method: 'DELETE', path: '/v1/users/tess/links/plain' }, service.admin), 200)
  await people.put('bob', [])
  await sessionOf(service, 'plain', 'bob')
}

async function rowsOf({ configuration: { database } }: TestService): Promise<Rows> {
  const url = database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url
  const dialect = await dialectOf(url, (error) => {
    throw error
  })
  const connection = await dialect.connect('read')
  try {
    const found: Record<string, readonly string[]> = {}
    for (const [table, columns] of Object.entries(COMPARED)) {
      const { rows } = await connection.execute({ sql: `select ${columns} from ${table}` }, [])
      found[table] = rows.map((row) => JSON.stringify(row, inOneOrder)).sort()
    }
    return found
  } finally {
    await connection.close()
    await dialect.close()
  }
}

/** JSON in a column says the same in any order of its fields. */
function inOneOrder(_: string, value: unknown): unknown {
  const parsed: unknown = typeof value === 'string' && /^[{[]/.test(value) ? JSON.parse(value) : value
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return parsed
  return Object.fromEntries(Object.entries(parsed).sort(([one], [other]) => (one < other ? -1 : 1)))
}
