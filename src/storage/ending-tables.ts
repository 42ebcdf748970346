// What ends with a service or a project, many rows at a time (enrollment/ending-store.ts).
import type { DeploymentChange, EndingStore } from '../enrollment/ending-store.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import { deploymentOf } from './deployment-table.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function endingTables(session: Session): EndingStore {
  return deploymentEndings(session)
}

function deploymentEndings(session: Session) {
  const deleteOfService = session.prepare((p: { service: ServiceName }) =>
    session.sql
      .updateTable('deployments')
      .set({ status: 'deleted' })
      .where('service', '=', p.service)
      .where('status', '=', 'active')
      .returningAll(),
  )
  return {
    deleteDeploymentsServedBy: async (service) => (await deleteOfService({ service })).map(changeOf),
  } satisfies Partial<EndingStore>
}

function changeOf(row: Schema['deployments']): DeploymentChange {
  return { kind: 'deployment', ...deploymentOf(row) }
}
