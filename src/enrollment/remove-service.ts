// The end of a service: its certificates, tokens and enrolment tokens, what it obtained for service accounts, the jobs that it launched (nobody is left who could
// finish or renew them) and the deployments that it serves, in one transaction. Its names stay taken.
import { actorOf } from '../domain/caller.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { Service } from '../directory/entities.ts'
import { revokeRecord } from '../revocation/revocation.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, end, endJobs, once } from './directory-act.ts'
import { endWhatHangsOn, recordRevocation } from './end-identity.ts'
import type { DeploymentChange } from './ending-store.ts'
import { KEPT_SERVICE } from './directory-acts.ts'
import { endProxyOf } from './proxies.ts'
import { endSidecarsOf } from './sidecars.ts'
import { activeService, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

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
      await endObtained(context, tx, asked, `service:${name}`)
      await endJobs(context, tx, asked, await tx.activeJobsLaunchedBy(name), 'cessationOfOperation')
      await recordDeletedDeployments(context, tx, asked, await tx.deleteDeploymentsServedBy(name))
      await endProxyOf(context, tx, asked, name)
      await endSidecarsOf(context, tx, asked, name)
      await audit(context, tx, asked, 'service.remove', `service:${name}`, {})
      return removed
    })
  })
}

/** Certificates that it obtained for service accounts: their keys may be where it ran. */
async function endObtained(context: ActContext, tx: UnitOfWork, asked: Asked, requester: string): Promise<void> {
  const at = context.clock.now()
  for (const record of await tx.liveAccountCertificatesBy(requester, at)) {
    const outcome = revokeRecord(record, 'cessationOfOperation', at)
    if (outcome.kind === 'unchanged') continue
    const by = { at, actor: actorOf(asked.caller), origin: asked.origin }
    await recordRevocation(tx, outcome.record, by)
    await endWhatHangsOn(tx, outcome.record, by)
  }
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
