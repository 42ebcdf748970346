// Certificates that were revoked long ago, as rows: so many that the complete CRL is a long one, which a thread signs.
import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import pg from 'pg'
import type { Configuration } from '../../src/ops/configuration.ts'

const COLUMNS = `serial, issuer, profile, identity, common_name, project, key_fingerprint, not_before, not_after, requester,
  obtained_with, issued_at, status, revoked_at, reason, der, crl_partition`
const DAY_MILLISECONDS = 86_400_000
const PARTITIONS = 8

/** Of `users-1`, in every partition. The service must not run. Gives their serials. */
export async function insertRevoked({ database }: Pick<Configuration, 'database'>, count: number): Promise<string[]> {
  const serials = Array.from({ length: count }, () => `01${randomBytes(16).toString('hex')}`)
  const der = database.kind === 'sqlite' ? `x'00'` : `'\\x00'`
  const now = Date.now()
  const rows = serials.map((serial, n) => {
    const [who, key] = [`'member:past__m${String(n)}'`, `'${randomBytes(32).toString('hex')}'`]
    const certified = `'${serial}', 'users-1', 'project-user', ${who}, 'past__m${String(n)}', 'past', ${key}`
    const dates = `${String(now)}, ${String(now + DAY_MILLISECONDS)}, ${who}, 'past', ${String(now)}`
    return `(${certified}, ${dates}, 'revoked', ${String(now)}, 'superseded', ${der}, ${String(1 + (n % PARTITIONS))})`
  })
  const sql = `insert into certificates (${COLUMNS}) values ${rows.join()}`
  if (database.kind === 'sqlite') {
    const db = new Database(database.path)
    db.exec(sql)
    db.close()
    return serials
  }
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(sql)
  await client.end()
  return serials
}
