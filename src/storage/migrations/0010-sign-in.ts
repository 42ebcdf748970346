// People who sign in: their sessions, who they are at which provider, and the groups that it says they are in.
import type { Migration } from '../migrate.ts'

export const signIn: Migration = {
  number: 10,
  statements: ({ integer, keyedTable, table }) => [
    `create table sessions (
      id text primary key, user_name text not null references users (name), provider text not null,
      signed_in_at ${integer} not null, ends_at ${integer} not null, generation ${integer} not null,
      rotated_at ${integer} not null, page_token_hash text not null, ended_at ${integer}
    ) ${table}`,
    // Those that an act has not ended.
    `create index sessions_by_user on sessions (user_name) where ended_at is null`,
    `create index sessions_by_end on sessions (ends_at)`,
    `create table user_links (
      provider text not null, subject text not null, user_name text not null references users (name),
      created_at ${integer} not null, primary key (provider, subject)
    ) ${keyedTable}`,
    `create index user_links_by_user on user_links (user_name, provider)`,
    `create table sign_ins (
      user_name text primary key references users (name), provider text not null, at ${integer} not null
    ) ${keyedTable}`,
    `create table user_groups (
      user_name text not null references users (name), group_name text not null, primary key (user_name, group_name)
    ) ${keyedTable}`,
    `create index user_groups_by_group on user_groups (group_name)`,
  ],
}
