// Adds or replaces a deployment. The caller has authorised; this holds what belongs to deployments themselves: a name stays
// with its project, because tokens and server certificates were made for it.
import type { Recording } from '../domain/transactions.ts'
import { type Deployment, DeploymentRefused, type DeploymentStore } from './deployment-store.ts'

export async function putDeployment(
  tx: DeploymentStore & Recording,
  deployment: Deployment,
  by: { readonly at: Date; readonly actor: string; readonly requestId: string },
): Promise<Deployment> {
  const before = await tx.deployment(deployment.name, 'update')
  if (before !== undefined && before.project !== deployment.project) {
    throw new DeploymentRefused('deployment_of_another_project', { deployment: deployment.name })
  }
  await tx.putDeployment(deployment)
  await tx.change({ kind: 'deployment', ...deployment })
  await tx.audit({
    at: by.at,
    actor: by.actor,
    act: 'deployment.put',
    object: `deployment:${deployment.name}`,
    requestId: by.requestId,
    details: {
      project: deployment.project,
      host: deployment.host,
      service: deployment.service,
      serviceCallers: deployment.serviceCallers,
    },
  })
  return deployment
}
