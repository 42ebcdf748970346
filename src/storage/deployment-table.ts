// Deployments (access/deployment-store.ts). A host is free again when its deployment moves on or is deleted.
import type { Deployment, DeploymentStore } from '../access/deployment-store.ts'
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
  const ofHost = session.prepareRead((p: { host: DnsName }) =>
    session.sql.selectFrom('deployments').select('name').where('host', '=', p.host).where('status', '=', 'active'),
  )
  const put = session.prepare((p: Schema['deployments']) =>
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
        conflict.column('name').doUpdateSet({
          project: p.project,
          host: p.host,
          service: p.service,
          service_callers: p.service_callers,
          policy: p.policy,
          status: p.status,
        }),
      ),
  )
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
      const { name, host } = deployment
      const [holder] = deployment.status === 'active' ? await ofHost('share', { host }) : []
      if (holder !== undefined && holder.name !== name) throw new NameTaken('host_taken', { host })
      try {
        await put(deploymentRow(deployment))
      } catch (error) {
        // Another process took the host after the look.
        throw session.isDuplicate(error) ? new NameTaken('host_taken', { host }) : error
      }
    },
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
