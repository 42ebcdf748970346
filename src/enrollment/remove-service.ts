// The end of a service: its certificates, tokens and enrolment tokens, the jobs that it launched (nobody is left who could
// finish or renew them) and the deployments that it serves, in one transaction. Its names stay taken.
import type { ServiceName } from '../domain/dns-name.ts'
import type { Service } from '../directory/entities.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, end, endJobs, once } from './directory-act.ts'
import type { DeploymentChange } from './ending-store.ts'
import { keptAsJson } from './idempotency.ts'
import { activeService, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_SERVICE = keptAsJson<Service>('createdAt')

/** By an administrator. */
export async function removeService(
  context: ActContext,
  asked: Asked & { readonly name: ServiceName },
): Promise<Service> {
  const { name } = asked
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT_SERVICE, async () => {
      const removed: Service = { ...(await activeService(tx, name, 'update')), status: 'deleted' }
      await tx.updateService(removed)
      const { systemUser, dnsNames, roles, projects, status } = removed
      await tx.change({ kind: 'service', name, systemUser, dnsNames, roles, projects, status })
      await end(context, tx, asked, `service:${name}`, 'cessationOfOperation')
      await endJobs(context, tx, asked, await tx.activeJobsLaunchedBy(name), 'cessationOfOperation')
      await recordDeletedDeployments(context, tx, asked, await tx.deleteDeploymentsServedBy(name))
      await audit(context, tx, asked, 'service.remove', `service:${name}`, {})
      return removed
    })
  })
}

/** What became of deployments whose rows are deleted already. */
export async function recordDeletedDeployments(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  deleted: readonly DeploymentChange[],
): Promise<void> {
  for (const deployment of deleted) {
    await tx.change(deployment)
    const { name, project, service } = deployment
    await audit(context, tx, asked, 'deployment.delete', `deployment:${name}`, { project, service })
  }
}
