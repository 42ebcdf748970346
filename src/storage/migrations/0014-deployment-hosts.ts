// A host may be shared by path: who has which part of it is in rows of their own, so that two processes cannot give the same
// part away. `held_hosts` has one row a host that was ever used: whoever changes its parts holds that row. And proxies: a
// service is one of them at most, since its certificate is what tells who speaks.
import type { Migration } from '../migrate.ts'

export const deploymentHosts: Migration = {
  number: 14,
  statements: ({ integer, keyedTable }) => [
    `create table held_hosts (host text primary key) ${keyedTable}`,
    `create table deployment_hosts (
      host text not null, path text not null, deployment text not null references deployments (name),
      primary key (host, path)
    ) ${keyedTable}`,
    `create index deployment_hosts_by_deployment on deployment_hosts (deployment)`,
    `insert into held_hosts (host) select host from deployments where status = 'active'`,
    `insert into deployment_hosts (host, path, deployment) select host, '', name from deployments where status = 'active'`,
    `drop index deployments_by_host`,
    `create table proxies (
      name text primary key, service text not null unique references services (name), certificate_dialect text not null,
      hops ${integer} not null, deployments text not null
    ) ${keyedTable}`,
  ],
}
