// The feed of revocations: its events, and the head of the chain of each issuer. What was revoked before stands in the CRLs, so the
// feed begins where the change log is.
import type { Migration } from '../migrate.ts'

export const revocationFeed: Migration = {
  number: 19,
  statements: ({ integer, table, keyedTable }) => [
    `create table revocation_events (
      seq ${integer} primary key, issuer text not null, serial text not null, event text not null, reason text not null,
      date ${integer} not null, not_after ${integer} not null, previous text not null, hash text not null
    ) ${table}`,
    `create index revocation_events_by_issuer on revocation_events (issuer, seq)`,
    `create table revocation_heads (
      issuer text primary key, seq ${integer} not null, hash text not null
    ) ${keyedTable}`,
    `insert into counters (name, value) select 'revocation_floor', value from counters where name = 'change_log'`,
  ],
}
