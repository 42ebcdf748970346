// API keys of users (enrollment/api-key-store.ts). A name is free again when its key has ended.
import type { Migration } from '../migrate.ts'

export const apiKeys: Migration = {
  number: 9,
  statements: ({ integer, table }) => [
    `create table api_keys (
      prefix text primary key, user_name text not null references users (name), name text not null, salt text not null,
      hash text not null, scopes text not null, privileged ${integer} not null, reach text not null,
      project text references projects (name), created_by text not null, created_with text not null,
      created_at ${integer} not null, expires_at ${integer} not null, ended_at ${integer}
    ) ${table}`,
    `create unique index api_keys_by_name on api_keys (user_name, name) where ended_at is null`,
    `create index api_keys_by_project on api_keys (project) where ended_at is null and project is not null`,
    `create index api_keys_by_maker on api_keys (created_with) where ended_at is null`,
  ],
}
