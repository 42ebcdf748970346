// The list of certificates over 100,000 rows: the database finds each page by an index that has the order too, so a page
// costs the same wherever it is.
import { expect, it } from 'vitest'
import type { CertificateFilter } from '../../src/ca/inventory.ts'
import { listCertificates } from '../../src/storage/certificate-list.ts'
import type { StatementText } from '../../src/storage/connection.ts'
import type { Dialect } from '../../src/storage/dialect.ts'
import { PostgresDialect } from '../../src/storage/postgres-dialect.ts'
import { Session } from '../../src/storage/session.ts'
import { SqliteDialect } from '../../src/storage/sqlite-dialect.ts'
import { NOW, onBothDatabases, type TestDatabase } from './databases.ts'
import { seconds, USERS_1 } from './fixtures.ts'

const ROWS = 100_000

onBothDatabases('100,000 certificates', (fresh) => {
  it('are listed by indexes, on the first page and far behind it', async () => {
    const database = await fresh()
    const { storage } = await database.open()
    await fill(database)
    const filters: readonly (readonly [CertificateFilter, readonly string[]])[] = [
      [{ identity: 'member:P1__u7' }, ['certificates_by_identity']],
      [{ commonName: 'P1__u7' }, ['certificates_by_identity', 'certificates_by_other_common_name']],
      [{ requester: 'service:launcher' }, ['certificates_by_identity', 'certificates_by_other_requester']],
      [{ project: 'P1' }, ['certificates_by_project']],
      [{ project: 'P1', status: 'good' }, ['certificates_by_project']],
      [{ identity: 'member:P1__u7', status: 'good', expiresBefore: seconds(9e6) }, ['certificates_by_identity']],
      [{ issuer: USERS_1 }, ['certificates_by_issuer']],
      [{ profile: 'job' }, ['certificates_by_profile']],
      [{ status: 'good' }, ['certificates_by_expiry']],
      [{ status: 'expired' }, ['certificates_by_expiry']],
      [{ status: 'revoked' }, ['certificates_by_status']],
      [{ status: 'held' }, ['certificates_by_status']],
      [{ expiresBefore: seconds(50_000) }, ['certificates_by_expiry']],
      [{}, ['INTEGER PRIMARY KEY']],
    ]
    for (const [filter, indexes] of filters) {
      const { cursor } = await storage.read((view) => view.listCertificates(filter, NOW, { limit: 50 }))
      for (const page of [{ limit: 50 }, ...(cursor === undefined ? [] : [{ limit: 50, cursor }])]) {
        const plans = await plansOf(database, (session) =>
          listCertificates(session, { filter, at: NOW, page }, () => {
            throw new Error('an explained statement gives no rows')
          }),
        )
        const told = `${JSON.stringify(filter)}: ${plans.join('; ')}`
        for (const [index, plan] of plans.entries()) {
          // PostgreSQL knows how many rows there are, and may sort a few or walk the newest; it must not read them all.
          expect(plan, told).not.toMatch(/temp b-tree|seq scan|SCAN certificates(?! USING)/i)
          if (database.kind === 'sqlite') expect(plan, told).toContain(indexes[index] ?? 'one statement too many')
        }
        expect(plans.length, told).toBe(indexes.length)
      }
    }
  })
})

/** Runs what `work` asks as EXPLAIN, and tells the plans. */
async function plansOf(
  database: TestDatabase,
  work: (session: Session) => Promise<unknown>,
): Promise<readonly string[]> {
  const dialect: Dialect =
    database.kind === 'sqlite'
      ? new SqliteDialect(database.url.slice('sqlite:'.length), () => undefined)
      : new PostgresDialect(database.url)
  const connection = await dialect.connect('read')
  const plans: string[] = []
  const explain = database.kind === 'sqlite' ? 'explain query plan' : 'explain'
  const explaining = Object.assign(Object.create(connection) as typeof connection, {
    execute: async ({ sql }: StatementText, parameters: readonly unknown[]) => {
      const { rows } = await connection.execute({ sql: `${explain} ${sql}` }, parameters)
      plans.push(rows.map((row) => String(row['detail'] ?? row['QUERY PLAN'])).join(' / '))
      return { rows: [], changed: 0 }
    },
  })
  try {
    await work(new Session(explaining, dialect, 'ignored'))
  } finally {
    await connection.close()
  }
  return plans
}

/** One in a thousand is revoked, one held; a third has ended; a tenth was started by a launcher. */
async function fill(database: TestDatabase): Promise<void> {
  const numbers =
    database.kind === 'sqlite'
      ? `(with recursive c(n) as (select 1 union all select n + 1 from c where n < ${ROWS}) select n from c) as s`
      : `(select generate_series(1, ${ROWS})::bigint as n) as s`
  const user = `'P' || (n % 20) || '__u' || (n % 1000)`
  const bytes = database.kind === 'sqlite' ? `zeroblob(600)` : `decode(repeat('00', 600), 'hex')`
  await database.inspect(`insert into certificates (serial, issuer, profile, identity, common_name, project,
      key_fingerprint, not_before, not_after, requester, obtained_with, issued_at, status, der)
    select '01' || n, case when n % 10 = 0 then 'services-1' else 'users-1' end,
      case when n % 10 = 1 then 'job' else 'project-user' end, 'member:' || ${user}, ${user}, 'P' || (n % 20),
      'key' || n, 0, ${NOW.getTime()} + (n % 90000 - 30000) * 1000,
      case when n % 10 = 1 then 'service:launcher' else 'member:' || ${user} end, 'x', n,
      case n % 1000 when 1 then 'revoked' when 2 then 'held' else 'good' end, ${bytes}
    from ${numbers}`)
  if (database.kind === 'postgres') await database.inspect('analyze certificates')
}
