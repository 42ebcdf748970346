// Jobs with a kind, a lease and, for notebooks and deployments, no end; and jobs of service accounts, which are in no list of
// members. Neither a constraint nor NOT NULL can be taken off a SQLite table, so the table is made anew: positions are given
// out again, in the same order.
import type { ColumnTypes } from '../dialect.ts'
import type { Migration } from '../migrate.ts'

export const jobLeases: Migration = {
  number: 7,
  statements: (types) => [...jobsAnew(types), ...leases(types)],
}

const jobsAnew = ({ position, integer, table }: ColumnTypes): readonly string[] => [
  `create table leased_jobs (
    position ${position}, id text not null unique, kind text not null, project text not null references projects (name),
    user_name text not null, launcher text not null references services (name), status text not null,
    started_at ${integer} not null, ends_at ${integer},
    lease_seconds ${integer} not null, lease_until ${integer} not null, lapsed_at ${integer}, finished_at ${integer}
  ) ${table}`,
  `insert into leased_jobs (id, kind, project, user_name, launcher, status, started_at, ends_at,
      lease_seconds, lease_until, finished_at)
    select id, 'job', project, user_name, launcher, status, started_at, ends_at, 120, 120000, finished_at
    from jobs order by position`,
  `drop table jobs`,
  `alter table leased_jobs rename to jobs`,
  `create index jobs_by_launcher on jobs (launcher, position)`,
  `create index jobs_by_launcher_and_status on jobs (launcher, status, position)`,
  // Those that nobody finished.
  `create index jobs_by_end on jobs (ends_at) where status = 'active'`,
  `create index jobs_by_lease on jobs (lease_until) where status = 'active'`,
  // How many have lapsed of late: the brake asks.
  `create index jobs_by_lapse on jobs (lapsed_at) where lapsed_at is not null`,
  `create index jobs_by_member on jobs (project, user_name, status)`,
]

const leases = ({ integer, keyedTable }: ColumnTypes): readonly string[] => [
  `create table lease_state (
    only_row ${integer} primary key, clock ${integer} not null, released_until ${integer} not null,
    paused_at ${integer}
  ) ${keyedTable}`,
  `insert into lease_state (only_row, clock, released_until) values (1, 0, 0)`,
  // Tokens that another has taken the place of, and when they are revoked.
  `create table superseded_tokens (jti text primary key, ends_at ${integer} not null) ${keyedTable}`,
  `create index superseded_tokens_by_end on superseded_tokens (ends_at)`,
]
