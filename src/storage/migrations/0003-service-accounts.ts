// Service accounts, and what somebody obtained for one: it is looked for when they end. Only such rows stand in those indexes.
import type { Migration } from '../migrate.ts'

export const serviceAccounts: Migration = {
  number: 3,
  statements: ({ integer, keyedTable }) => [
    `create table service_accounts (
      project text not null references projects (name), name text not null, folded text not null, id text not null unique,
      status text not null, created_by text not null, created_at ${integer} not null,
      primary key (project, name), unique (project, folded)
    ) ${keyedTable}`,
    `create index certificates_of_accounts_by_requester on certificates (requester, not_after)
      where profile = 'service-account'`,
    `create index tokens_for_others on tokens (requester, expires_at) where requester <> subject`,
  ],
}
