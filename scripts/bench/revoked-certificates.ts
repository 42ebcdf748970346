// A million revoked certificates in a minute: rows written by the database itself. Only what CRLs and decisions read of them is
// their own; there is no audit, no journal and no change of theirs, as of what happened long ago.
import Database from 'better-sqlite3'

const LIFETIME_MILLISECONDS = 90 * 86_400_000
const PARTITIONS = 8

/** The service must not run. They end evenly over ninety days, and lie in every partition of `users-1`. */
export function insertRevoked(databasePath: string, count: number): void {
  const database = new Database(databasePath)
  const now = Date.now()
  database.pragma('synchronous = off')
  database
    .prepare(
      `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < @count)
      insert into certificates (serial, issuer, profile, identity, common_name, project, key_fingerprint, not_before,
        not_after, requester, obtained_with, issued_at, status, revoked_at, reason, der, crl_partition)
      select '01' || lower(hex(randomblob(16))), 'users-1', 'project-user', 'member:bench__m' || (n % 1000), 'bench__m' || (n % 1000),
        'bench', lower(hex(randomblob(32))), @now, (@now / 1000 + 3600 + (n * 7919 % @count) * (@life / 1000) / @count) * 1000,
        'member:bench__m' || (n % 1000), 'bench', @now, 'revoked', @now, 'superseded', zeroblob(200), 1 + n % @partitions
      from numbers`,
    )
    .run({
      count: BigInt(count),
      now: BigInt(now),
      life: BigInt(LIFETIME_MILLISECONDS),
      partitions: BigInt(PARTITIONS),
    })
  database.close()
}
