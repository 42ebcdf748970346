// How many projects a user may own, where an administrator has said so, and who added a member.
import type { Migration } from '../migrate.ts'

export const quotas: Migration = {
  number: 5,
  statements: ({ integer, keyedTable }) => [
    `create table quotas (
      user_name text primary key references users (name), projects ${integer} not null
    ) ${keyedTable}`,
    `alter table members add column added_by text`,
  ],
}
