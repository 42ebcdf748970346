// Deployments: which service serves which project's model under which hosts and paths, and what they say about access.
import type { DeploymentPolicy } from '../domain/access-policy.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { Page, RowLock, SelectedPage } from '../domain/transactions.ts'

export interface Deployment {
  readonly name: DeploymentName
  readonly project: ProjectName
  /** The first of its hosts; the others stand in the policy. */
  readonly host: DnsName
  /** The service that serves it: the only one that may ask about it. */
  readonly service: ServiceName
  readonly serviceCallers: readonly ServiceName[]
  readonly policy: DeploymentPolicy
  readonly status: 'active' | 'deleted'
}

/** What a deployment has of a host. */
export interface HostShare {
  readonly host: DnsName
  /** A prefix; empty: all of the host. */
  readonly path: string
  readonly deployment: DeploymentName
  readonly service: ServiceName
}

export type DeploymentErrorCode =
  | 'auth_mode_not_activated'
  | 'auth_modes_rejected'
  | 'credential_place_rejected'
  | 'deployment_of_another_project'
  | 'deployment_unknown'
  | 'passphrase_entry_unknown'
  | 'path_taken'

export class DeploymentRefused extends CodedError<DeploymentErrorCode> {}

export interface DeploymentStore {
  deployment(name: DeploymentName, lock: RowLock): Promise<Deployment | undefined>
  /**
   * Inserts or replaces, and takes its hosts. Throws `NameTaken('host_taken')` when one of them, at one of its paths, belongs
   * to another deployment, and `NameTaken('name_taken')` when the name does to another project.
   */
  putDeployment(deployment: Deployment): Promise<void>
  /** Holds these hosts against everyone until the end, and tells who has them now. */
  holdHosts(hosts: readonly DnsName[]): Promise<readonly HostShare[]>
  listDeployments(projects: readonly ProjectName[] | 'all', page: SelectedPage<Deployment>): Promise<Page<Deployment>>
}

export function hostsOf({ host, policy }: Pick<Deployment, 'host' | 'policy'>): readonly DnsName[] {
  return [host, ...policy.moreHosts]
}
