// Model groups, models, what administrators say of users to OpenSearch's clients, role mappings, and the switch. A model group
// without owner was made while model access control was off.
import type { Migration } from '../migrate.ts'

export const modelGroups: Migration = {
  number: 15,
  statements: ({ bytes, integer, table }) => [
    `create table model_groups (
      id text primary key, name text not null, description text not null, owner text, access text not null,
      roles text not null, latest_version ${integer} not null, created_at ${integer} not null,
      updated_at ${integer} not null
    ) ${table}`,
    `create unique index model_groups_by_name on model_groups (name)`,
    `create table models (
      id text primary key, name text not null, version ${integer} not null,
      group_id text references model_groups (id), creator text not null, hidden ${integer} not null,
      enabled ${integer} not null, state text not null, details text not null, sealed_credential ${bytes},
      created_at ${integer} not null, updated_at ${integer} not null
    ) ${table}`,
    `create index models_by_group on models (group_id) where group_id is not null`,
    `create table internal_users (
      user_name text primary key references users (name), roles text not null, password_hash text
    ) ${table}`,
    `create table role_mappings (role text primary key, users text not null, backend_roles text not null) ${table}`,
    `create table settings (name text primary key, value text not null) ${table}`,
    `insert into settings (name, value) values ('model-access-control', 'enabled')`,
  ],
}
