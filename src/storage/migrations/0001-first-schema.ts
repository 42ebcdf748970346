// The first schema. Every index is there for one list, search or check; its comment names it where the name does not.
import type { ColumnTypes } from '../dialect.ts'
import type { Migration } from '../migrate.ts'

export const firstSchema: Migration = {
  number: 1,
  statements: (types) => [...directory(types), ...certificates(types), ...tokens(types), ...records(types)],
}

const directory = ({ position, integer, table, keyedTable }: ColumnTypes): readonly string[] => [
  `create table users (
    name text primary key, folded text not null unique, id text not null unique,
    status text not null, platform_role text not null, created_at ${integer} not null
  ) ${table}`,
  `create index users_by_role on users (platform_role, status)`,
  `create table projects (
    name text primary key, folded text not null unique, id text not null unique,
    status text not null, created_at ${integer} not null
  ) ${table}`,
  `create table members (
    project text not null references projects (name), user_name text not null references users (name),
    id text not null, role text not null, status text not null, created_at ${integer} not null,
    primary key (project, user_name)
  ) ${keyedTable}`,
  `create index members_by_user on members (user_name, project)`,
  `create table services (
    name text primary key, id text not null unique, dns_names text not null, system_user text not null,
    roles text not null, projects text not null, status text not null, created_at ${integer} not null
  ) ${table}`,
  `create table service_dns_names (
    dns_name text primary key, service text not null references services (name)
  ) ${keyedTable}`,
  `create table jobs (
    position ${position}, id text not null unique, project text not null, user_name text not null,
    launcher text not null references services (name), status text not null, started_at ${integer} not null,
    ends_at ${integer} not null, finished_at ${integer},
    foreign key (project, user_name) references members (project, user_name)
  ) ${table}`,
  `create index jobs_by_launcher on jobs (launcher, position)`,
  `create index jobs_by_launcher_and_status on jobs (launcher, status, position)`,
  // Those that nobody finished.
  `create index jobs_by_end on jobs (ends_at) where status = 'active'`,
  `create index jobs_by_member on jobs (project, user_name, status)`,
  `create table deployments (
    name text primary key, project text not null references projects (name), host text not null,
    service text not null references services (name), service_callers text not null, status text not null
  ) ${table}`,
  `create unique index deployments_by_host on deployments (host) where status = 'active'`,
  `create index deployments_by_project on deployments (project, name)`,
]

const certificates = ({ position, integer, bytes, table, keyedTable }: ColumnTypes): readonly string[] => [
  `create table certificates (
    position ${position}, serial text not null unique, issuer text not null, profile text not null,
    identity text not null, common_name text not null, project text, key_fingerprint text not null,
    fingerprint text not null, not_before ${integer} not null, not_after ${integer} not null,
    requester text not null, obtained_with text not null, renew_until ${integer}, issued_at ${integer} not null,
    status text not null, revoked_at ${integer}, reason text, der ${bytes} not null
  ) ${table}`,
  `create index certificates_by_identity on certificates (identity, position)`,
  `create index certificates_by_common_name on certificates (common_name, position)`,
  // Most are requested by whom they are for, and found by identity.
  `create index certificates_by_other_requester on certificates (requester, position) where requester <> identity`,
  `create index certificates_by_project on certificates (project, position) where project is not null`,
  `create index certificates_by_issuer on certificates (issuer, position)`,
  `create index certificates_by_profile on certificates (profile, position)`,
  // Nearly all are good, and found by expiry.
  `create index certificates_by_status on certificates (status, not_after, position) where status <> 'good'`,
  `create index certificates_by_expiry on certificates (not_after, position)`,
  `create table certified_keys (
    fingerprint text primary key, identity text not null, compromised ${integer} not null
  ) ${keyedTable}`,
  `create table issuers (
    id text primary key, authority text not null, generation ${integer} not null, certificate ${bytes} not null,
    sealed_key ${bytes}, created_at ${integer} not null, unique (authority, generation)
  ) ${table}`,
  `create table server_keys (
    serial text primary key, sealed_key ${bytes} not null, certificate ${bytes} not null, created_at ${integer} not null
  ) ${table}`,
  `create table crls (
    issuer text primary key, number ${integer} not null, this_update ${integer} not null,
    next_update ${integer} not null, covers_revision ${integer} not null, der ${bytes} not null
  ) ${table}`,
  `create table crl_history (
    issuer text not null, number ${integer} not null, this_update ${integer} not null, next_update ${integer} not null,
    covers_revision ${integer} not null, sha256 text not null, primary key (issuer, number)
  ) ${keyedTable}`,
]

const tokens = ({ position, integer, bytes, table, keyedTable }: ColumnTypes): readonly string[] => [
  `create table tokens (
    position ${position}, jti text not null unique, subject text not null, audience text not null,
    issued_at ${integer} not null, expires_at ${integer} not null, requester text not null,
    certificate_serial text, revoked_at ${integer}
  ) ${table}`,
  `create index tokens_by_subject on tokens (subject, expires_at)`,
  `create index tokens_by_requester on tokens (requester, position)`,
  // The state that a snapshot starts from.
  `create index tokens_revoked on tokens (expires_at) where revoked_at is not null`,
  `create table token_keys (
    kid text primary key, algorithm text not null, public_jwk text not null, sealed_key ${bytes} not null,
    created_at ${integer} not null, signs_from ${integer} not null, signs_until ${integer} not null,
    published_until ${integer} not null
  ) ${table}`,
  `create table enrolment_tokens (
    hash text primary key, identity text not null, created_by text not null, created_with text not null, created_at ${integer} not null,
    expires_at ${integer} not null, spent_at ${integer}, voided_at ${integer}
  ) ${keyedTable}`,
  `create index enrolment_tokens_by_identity on enrolment_tokens (identity)`,
  // They expire in the order in which they came: no index by expiry, which every issue would have to keep.
  `create table idempotency_keys (
    position ${position}, scope text not null unique, body_digest text not null, expires_at ${integer} not null,
    response text
  ) ${table}`,
]

const records = ({ position, integer, table, keyedTable }: ColumnTypes): readonly string[] => [
  `create table audit_events (
    position ${position}, at ${integer} not null, actor text not null, act text not null, object text not null,
    request_id text not null, details text not null
  ) ${table}`,
  `create table change_log (seq ${integer} primary key, change text not null) ${table}`,
  `create table counters (name text primary key, value ${integer} not null) ${keyedTable}`,
  `insert into counters (name, value) values ('change_log', 0)`,
  `create table metadata (name text primary key, value text not null) ${keyedTable}`,
  `create table leases (
    name text primary key, holder text not null, fence ${integer} not null, expires_at ${integer} not null
  ) ${keyedTable}`,
]
