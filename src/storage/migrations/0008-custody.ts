// Keys that the platform keeps for members: which projects it does so for, and the keys, sealed.
import type { Migration } from '../migrate.ts'

export const custody: Migration = {
  number: 8,
  statements: ({ integer, bytes, table, keyedTable }) => [
    `create table custody_projects (
      project text primary key references projects (name), since ${integer} not null
    ) ${keyedTable}`,
    `create table member_keys (
      project text not null, user_name text not null, key_fingerprint text not null, serial text not null,
      requester text not null, renew_until ${integer} not null, renew_at ${integer}, sealed_key ${bytes} not null,
      created_at ${integer} not null, handed_over_at ${integer}, primary key (project, user_name),
      foreign key (project, user_name) references members (project, user_name)
    ) ${table}`,
    // What background work renews next.
    `create index member_keys_by_renewal on member_keys (renew_at) where renew_at is not null`,
  ],
}
