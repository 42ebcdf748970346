// Brings the schema up to what this code knows: forward only, one transaction, under a lock that two processes which start
// at once cannot both hold. A row lock and not an advisory lock: those are stubs on CockroachDB.
import type { Connection } from './connection.ts'
import type { ColumnTypes, Dialect } from './dialect.ts'
import { SchemaTooNew, StorageUnavailable } from './errors.ts'
import { firstSchema } from './migrations/0001-first-schema.ts'
import { leanerCertificates } from './migrations/0002-leaner-certificates.ts'
import { serviceAccounts } from './migrations/0003-service-accounts.ts'
import { replacedCertificates } from './migrations/0004-replaced-certificates.ts'
import { quotas } from './migrations/0005-quotas.ts'
import { serviceRotation } from './migrations/0006-service-rotation.ts'
import { jobLeases } from './migrations/0007-job-leases.ts'
import { custody } from './migrations/0008-custody.ts'
import { apiKeys } from './migrations/0009-api-keys.ts'
import { signIn } from './migrations/0010-sign-in.ts'
import { sealingKey } from './migrations/0011-sealing-key.ts'
import { directorySync } from './migrations/0012-directory-sync.ts'
import { accessPolicy } from './migrations/0013-access-policy.ts'
import { deploymentHosts } from './migrations/0014-deployment-hosts.ts'
import { modelGroups } from './migrations/0015-model-groups.ts'
import { sidecars } from './migrations/0016-sidecars.ts'
import { crlScopes } from './migrations/0017-crl-scopes.ts'
import { crlPartitions } from './migrations/0018-crl-partitions.ts'
import { revocationFeed } from './migrations/0019-revocation-feed.ts'
import { responderKeys } from './migrations/0020-responder-keys.ts'

export interface Migration {
  readonly number: number
  readonly statements: (types: ColumnTypes) => readonly string[]
}

export const MIGRATIONS: readonly Migration[] = [
  firstSchema,
  leanerCertificates,
  serviceAccounts,
  replacedCertificates,
  quotas,
  serviceRotation,
  jobLeases,
  custody,
  apiKeys,
  signIn,
  sealingKey,
  directorySync,
  accessPolicy,
  deploymentHosts,
  modelGroups,
  sidecars,
  crlScopes,
  crlPartitions,
  revocationFeed,
  responderKeys,
]

/** The newest schema that this code knows. */
export const SCHEMA_VERSION = MIGRATIONS.length

/** Two that start at once collide a few times at most: the first one's schema is there when the second looks again. */
const ATTEMPTS = 40

export interface MigrationParts {
  readonly dialect: Dialect
  readonly pause: (milliseconds: number) => Promise<void>
  /** All of them, unless a test says otherwise. */
  readonly migrations?: readonly Migration[]
}

/** Throws `SchemaTooNew`, `StorageUnavailable`. */
export async function migrate(connection: Connection, parts: MigrationParts): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrateOnce(connection, parts)
      return
    } catch (error) {
      if (error instanceof SchemaTooNew) throw error
      // `duplicate`: CREATE TABLE IF NOT EXISTS of two PostgreSQL sessions meets in the catalogue.
      const mayPass = ['conflict', 'duplicate'].includes(parts.dialect.failureOf(error))
      if (!mayPass || attempt === ATTEMPTS) throw new StorageUnavailable('migration failed', error)
      await parts.pause(Math.min(2 ** attempt, 100))
    }
  }
}

async function migrateOnce(
  connection: Connection,
  { dialect, migrations = MIGRATIONS }: MigrationParts,
): Promise<void> {
  const run = async (sql: string) => (await connection.execute({ sql }, [])).rows
  const { columns, locks } = dialect
  await run(
    `create table if not exists schema_version (only_row ${columns.integer} primary key, version ${columns.integer})`,
  )
  await connection.begin('write')
  try {
    await run(`insert into schema_version (only_row, version) values (1, 0) on conflict do nothing`)
    const [row] = await run(`select version from schema_version ${locks === 'rows' ? 'for update' : ''}`)
    const found = Number(row?.['version'])
    if (found > migrations.length) throw new SchemaTooNew(found, migrations.length)
    for (const migration of migrations.slice(found)) {
      for (const statement of migration.statements(columns)) await run(statement)
    }
    await run(`update schema_version set version = ${migrations.length}`)
    await connection.commit()
  } catch (error) {
    if (connection.usable) await connection.rollback()
    throw error
  }
}
