// Migrations: forward only, by one process at a time, and never on a schema that is newer than the code.
import { expect, it } from 'vitest'
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import { fullScope } from '../../src/domain/crl-scope.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import type { DnsName, ServiceName } from '../../src/domain/dns-name.ts'
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from '../../src/storage/migrate.ts'
import { onBothDatabases } from './databases.ts'
import { addPeople, codeOf } from './fixtures.ts'

const addTable = (number: number): Migration => ({
  number,
  statements: ({ integer }) => [
    `create table added_${number} (a ${integer})`,
    `insert into added_${number} values (1)`,
  ],
})

const HUB = 'hub.internal' as ServiceName

/** Two jobs, one of them finished, and what they hang on. */
const JOBS_OF_SCHEMA_2 = [
  `insert into users (id, name, folded, status, platform_role, created_at) values ('u', 'ann', 'ann', 'active', 'user', 1)`,
  `insert into projects (id, name, folded, status, created_at) values ('p', 'p', 'p', 'active', 1)`,
  `insert into members (id, project, user_name, role, status, created_at) values ('m', 'p', 'ann', 'owner', 'active', 1)`,
  `insert into services (name, id, dns_names, system_user, roles, projects, status, created_at)
    values ('hub.internal', 's', '[]', 'svc', '[]', '[]', 'active', 1)`,
  `insert into jobs (id, project, user_name, launcher, status, started_at, ends_at, finished_at)
    values ('j1', 'p', 'ann', 'hub.internal', 'finished', 1000, 5000, 2000)`,
  `insert into jobs (id, project, user_name, launcher, status, started_at, ends_at)
    values ('j2', 'p', 'ann', 'hub.internal', 'active', 3000, 9000)`,
]

/** People, one of whom was unlinked, a key and two deployments, as they were before policies. */
const ACCESS_OF_SCHEMA_12 = [
  ...['ann', 'ben'].map(
    (name) =>
      `insert into users (id, name, folded, status, platform_role, created_at) values ('${name}', '${name}', '${name}', 'active', 'user', 1)`,
  ),
  `insert into projects (id, name, folded, status, created_at) values ('p', 'p', 'p', 'active', 1)`,
  `insert into user_links (provider, subject, user_name, created_at) values ('corp', 's-1', 'ann', 1), ('other', 's-0', 'ann', 1)`,
  `insert into sign_ins (user_name, provider, at) values ('ann', 'corp', 5), ('ben', 'corp', 6)`,
  `insert into user_groups (user_name, group_name) values ('ann', 'lab1')`,
  `insert into api_keys (prefix, user_name, name, salt, hash, scopes, privileged, reach, created_by, created_with, created_at, expires_at)
    values ('pre', 'ann', 'k', 's', 'h', '["SERVING"]', 0, 'user', 'user:ann', 'session:x', 1, 4000000000000)`,
  `insert into services (name, id, dns_names, system_user, roles, projects, status, created_at)
    values ('hub.internal', 's', '[]', 'svc', '[]', '["p"]', 'active', 1)`,
  `insert into deployments (name, project, host, service, service_callers, status)
    values ('d', 'p', 'd.internal', 'hub.internal', '[]', 'active'), ('old', 'p', 'd.internal', 'hub.internal', '[]', 'deleted')`,
]

/** The latest CRL of an issuer, and the one before it. */
const CRLS_OF_SCHEMA_16 = (der: string) => [
  `insert into crl_history (issuer, number, this_update, next_update, covers_revision, sha256)
    values ('users-1', 7, 1, 2, 3, 'a'), ('users-1', 8, 2, 3, 4, 'b')`,
  `insert into crls (issuer, number, this_update, next_update, covers_revision, der)
    values ('users-1', 8, 2, 3, 4, ${der})`,
]

onBothDatabases('migrations', (fresh) => {
  it('are numbered without a gap', () => {
    expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1))
  })

  it('run once when many processes start at once', async () => {
    const database = await fresh()
    const migrations = [...MIGRATIONS, addTable(SCHEMA_VERSION + 1)]
    const processes = await Promise.all(Array.from({ length: 6 }, () => database.open({ migrations })))
    await processes[0]?.storage.run(addPeople)
    expect(await database.inspect(`select count(*) as n from added_${SCHEMA_VERSION + 1}`)).toEqual(
      [{ n: 1 }].map(({ n }) => ({ n: database.kind === 'sqlite' ? n : '1' })),
    )
    expect(Number((await database.inspect('select version from schema_version'))[0]?.['version'])).toBe(
      migrations.length,
    )
  })

  it('bring an older database forward, and keep what is in it', async () => {
    const database = await fresh()
    const before = await database.open()
    await before.storage.run(addPeople)
    await before.storage.close()
    const after = await database.open({ migrations: [...MIGRATIONS, addTable(SCHEMA_VERSION + 1)] })
    expect((await after.storage.read((view) => view.listUsers({ limit: 10 }))).items.length).toBe(2)
    expect((await database.inspect(`select a from added_${SCHEMA_VERSION + 1}`)).length).toBe(1)
  })

  it('bring jobs from before leases forward: what is known of them is kept, and each has a lease', async () => {
    const database = await fresh()
    const [first, second] = MIGRATIONS
    if (first === undefined || second === undefined) throw new Error('there are more than two')
    const withJobs: Migration = {
      number: second.number,
      statements: (types) => [...second.statements(types), ...JOBS_OF_SCHEMA_2],
    }
    const { storage } = await database.open({ migrations: [first, withJobs, ...MIGRATIONS.slice(2)] })
    const launcher = { kind: 'launcher', launcher: HUB } as const
    const { items } = await storage.read((view) => view.listJobs(launcher, 'any', new Date(0), { limit: 10 }))
    const kept = { kind: 'job', project: 'p', user: 'ann', launcher: HUB, leaseSeconds: 120, leaseUntil: 120_000 }
    expect(items).toEqual([
      { ...kept, id: 'j2', status: 'active', startedAt: new Date(3000), endsAt: new Date(9000) },
      {
        ...kept,
        id: 'j1',
        status: 'finished',
        startedAt: new Date(1000),
        endsAt: new Date(5000),
        finishedAt: new Date(2000),
      },
    ])
    expect(await storage.read((view) => view.leaseState('none'))).toEqual({ clock: 0, releasedUntil: 0 })
  })

  it('bring deployments, keys and sign-ins from before policies forward: protected, and of whom they were', async () => {
    const database = await fresh()
    const [last, ...more] = MIGRATIONS.slice(11)
    if (last === undefined) throw new Error('there are more than twelve')
    const withAccess: Migration = {
      number: last.number,
      statements: (types) => [...last.statements(types), ...ACCESS_OF_SCHEMA_12],
    }
    const { storage } = await database.open({ migrations: [...MIGRATIONS.slice(0, 11), withAccess, ...more] })
    const { changes } = await storage.readState()
    const told = (kind: string) => changes.filter((change) => change.kind === kind)
    const policy = DEFAULT_DEPLOYMENT_POLICY
    expect(told('deployment')).toMatchObject([{ name: 'd', host: 'd.internal', policy }])
    expect(policy).toMatchObject({ authModes: ['mtls'], unprotectedPaths: [], externalGroups: [] })
    expect(told('api-key')).toMatchObject([{ prefix: 'pre', deployments: 'all', status: 'active' }])
    expect(told('sign-in').toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toMatchObject([
      { user: 'ann', provider: 'corp', subject: 's-1', groups: ['lab1'] },
      { user: 'ben', provider: 'corp', subject: '', groups: [] },
    ])
    expect(told('setting')).toMatchObject([{ value: 'enabled' }])
    const hosts = await storage.run((tx) => tx.holdHosts(['d.internal' as DnsName]))
    expect(hosts).toMatchObject([{ host: 'd.internal', path: '', deployment: 'd' }])
  })

  it('bring CRLs from before scopes forward: each is the complete one of its issuer, with its history', async () => {
    const database = await fresh()
    const [before, after] = [MIGRATIONS.slice(0, 16), MIGRATIONS.slice(16)]
    const sixteenth = before.at(-1)
    if (sixteenth === undefined) throw new Error('no migration')
    const withCrl: Migration = {
      number: 16,
      statements: (types) => [
        ...sixteenth.statements(types),
        ...CRLS_OF_SCHEMA_16(database.kind === 'sqlite' ? "x'30'" : "'\\x30'"),
      ],
    }
    const { storage } = await database.open({ migrations: [...before.slice(0, 15), withCrl, ...after] })
    const scope = fullScope('users-1' as IssuerId)
    const found = await storage.read((view) => view.latestCrl(scope))
    expect(found).toMatchObject({
      scope,
      number: 8,
      coversRevision: 4,
      length: 1,
      sha256: 'b',
      content: { kind: 'whole' },
    })
    const history = await database.inspect('select scope, number, sha256 from crl_history order by number')
    expect(history.map(({ scope: key, sha256 }) => [key, sha256])).toEqual([
      ['users-1', 'a'],
      ['users-1', 'b'],
    ])
  })

  it('refuse a newer schema, with both numbers and what to do', async () => {
    const database = await fresh()
    const newer = await database.open({ migrations: [...MIGRATIONS, addTable(SCHEMA_VERSION + 1)] })
    await newer.storage.close()
    await expect(database.open()).rejects.toMatchObject({
      code: 'schema_too_new',
      facts: {
        found: SCHEMA_VERSION + 1,
        known: SCHEMA_VERSION,
        remedy: expect.stringContaining(`schema ${SCHEMA_VERSION + 1}`) as string,
      },
    })
  })

  it('leave nothing behind when one fails', async () => {
    const database = await fresh()
    const broken: Migration = { number: SCHEMA_VERSION + 2, statements: () => ['create nonsense'] }
    const migrations = [...MIGRATIONS, addTable(SCHEMA_VERSION + 1), broken]
    expect(await codeOf(database.open({ migrations }))).toBe('storage_unavailable')
    const { storage } = await database.open()
    await storage.run(addPeople)
    await expect(database.inspect(`select * from added_${SCHEMA_VERSION + 1}`)).rejects.toThrow()
  })
})
