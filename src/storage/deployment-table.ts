// Deployments (directory/deployment-store.ts) and their hosts. A host is free again when its deployment moves on or is deleted.
import type { Deployment, DeploymentStore, HostShare } from '../directory/deployment-store.ts'
import { DEFAULT_DEPLOYMENT_POLICY, type DeploymentPolicy } from '../domain/access-policy.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { DnsName } from '../domain/dns-name.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { decodeList, encodeList } from './columns.ts'
import { readPage } from './cursor.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function deploymentTable(session: Session): DeploymentStore {
  const find = session.prepareRead((p: { name: DeploymentName }) =>
    session.sql.selectFrom('deployments').selectAll().where('name', '=', p.name),
  )
  const put = putRow(session)
  const hosts = deploymentHosts(session)
  const list = async (projects: readonly ProjectName[] | 'all', after: DeploymentName, limit: number) => {
    // `in ()` is a fault on PostgreSQL.
    if (projects.length === 0) return []
    const query = session.sql
      .selectFrom('deployments')
      .selectAll()
      .where('name', '>', after)
      .orderBy('name')
      .limit(limit)
    return session.query(projects === 'all' ? query : query.where('project', 'in', projects))
  }
  return {
    deployment: async (name, lock) => {
      const [row] = await find(lock, { name })
      return row && deploymentOf(row)
    },
    putDeployment: async (deployment) => {
      // Another process may have made it for another project since the caller looked.
      if ((await put(deploymentRow(deployment))) === 0) {
        throw new NameTaken('name_taken', { deployment: deployment.name })
      }
      await hosts.replace(deployment)
    },
    holdHosts: hosts.hold,
    listDeployments: (projects, page) =>
      readPage(page, {
        name: `deployments ${projects === 'all' ? '' : projects.join(' ')}`,
        start: ['' as DeploymentName] as const,
        fetch: ([after], limit) => list(projects, after, limit),
        keyOf: (row) => [row.name] as const,
        itemOf: deploymentOf,
      }),
  }
}

/** 0 when the name belongs to another project. */
function putRow(session: Session): (row: Schema['deployments']) => Promise<number> {
  return session.prepareChange((p: Schema['deployments']) =>
    session.sql
      .insertInto('deployments')
      .values({
        name: p.name,
        project: p.project,
        host: p.host,
        service: p.service,
        service_callers: p.service_callers,
        policy: p.policy,
        status: p.status,
      })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({
            host: p.host,
            service: p.service,
            service_callers: p.service_callers,
            policy: p.policy,
            status: p.status,
          })
          .where('deployments.project', '=', p.project),
      ),
  )
}

function deploymentHosts(session: Session) {
  // The update of a row that is there changes nothing, and holds it.
  const hold = session.prepare((p: { host: DnsName }) =>
    session.sql
      .insertInto('held_hosts')
      .values({ host: p.host })
      .onConflict((conflict) => conflict.column('host').doUpdateSet((row) => ({ host: row.ref('held_hosts.host') })))
      .returning('host'),
  )
  const leave = session.prepareChange((p: { deployment: DeploymentName }) =>
    session.sql.deleteFrom('deployment_hosts').where('deployment', '=', p.deployment),
  )
  const sharesOf = (hosts: readonly DnsName[]) =>
    session.query(
      session.sql
        .selectFrom('deployment_hosts as share')
        .innerJoin('deployments', 'deployments.name', 'share.deployment')
        .select(['share.host', 'share.path', 'share.deployment', 'deployments.service'])
        .where('share.host', 'in', hosts),
    )
  return {
    hold: async (hosts: readonly DnsName[]): Promise<readonly HostShare[]> => {
      // In one order, so that two deployments that want each other's hosts do not deadlock.
      for (const host of [...new Set(hosts)].sort()) await hold({ host })
      return sharesOf(hosts)
    },
    replace: async (deployment: Deployment): Promise<void> => {
      await leave({ deployment: deployment.name })
      if (deployment.status !== 'active') return
      try {
        await session.insertMany('deployment_hosts', hostRows(deployment))
      } catch (error) {
        throw session.isDuplicate(error) ? new NameTaken('host_taken', { host: deployment.host }) : error
      }
    },
  }
}

function hostRows({ name, host: first, policy }: Deployment): readonly Schema['deployment_hosts'][] {
  const paths = policy.paths.length === 0 ? [''] : policy.paths
  return [first, ...policy.moreHosts].flatMap((host) => paths.map((path) => ({ host, path, deployment: name })))
}

function deploymentRow({ serviceCallers, policy, ...deployment }: Deployment): Schema['deployments'] {
  return { ...deployment, service_callers: encodeList(serviceCallers), policy: JSON.stringify(policy) }
}

export function deploymentOf({ service_callers, policy, ...row }: Schema['deployments']): Deployment {
  return { ...row, serviceCallers: decodeList(service_callers), policy: decodePolicy(policy) }
}

/** What a row from before a field was known does not say has its default. */
function decodePolicy(text: string): DeploymentPolicy {
  return { ...DEFAULT_DEPLOYMENT_POLICY, ...(JSON.parse(text) as Partial<DeploymentPolicy>) }
}
