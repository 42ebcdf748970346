// Deployments in their simplest form: which service serves which project's model under which host, and which services may
// call it although they are in no project.
import type { DeploymentPolicy } from '../domain/access-policy.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { Page, PageRequest, RowLock } from '../domain/transactions.ts'

export interface Deployment {
  readonly name: DeploymentName
  readonly project: ProjectName
  readonly host: DnsName
  /** The service that serves it: the only one that may ask about it. */
  readonly service: ServiceName
  readonly serviceCallers: readonly ServiceName[]
  readonly policy: DeploymentPolicy
  readonly status: 'active' | 'deleted'
}

export type DeploymentErrorCode = 'deployment_of_another_project' | 'deployment_unknown'

export class DeploymentRefused extends CodedError<DeploymentErrorCode> {}

export interface DeploymentStore {
  deployment(name: DeploymentName, lock: RowLock): Promise<Deployment | undefined>
  /** Inserts or replaces. Throws `NameTaken('host_taken')` when the host belongs to another deployment. */
  putDeployment(deployment: Deployment): Promise<void>
  listDeployments(projects: readonly ProjectName[] | 'all', page: PageRequest): Promise<Page<Deployment>>
}
