// Sidecars, and the keys that their snapshots are signed with.
import type { Migration } from '../migrate.ts'

export const sidecars: Migration = {
  number: 16,
  statements: ({ integer, bytes, table, keyedTable }) => [
    `create table sidecars (
      name text primary key, service text not null, deployments text not null, status text not null
    ) ${keyedTable}`,
    `create table snapshot_keys (
      serial text primary key, sealed_key ${bytes} not null, certificate ${bytes} not null, created_at ${integer} not null
    ) ${table}`,
  ],
}
