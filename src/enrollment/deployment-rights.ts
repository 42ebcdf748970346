// Who may say what a deployment is: an owner of its project, and nobody else, since who serves it and who may call it decides
// who sees the project's data. What it names must be there, and the service must be one that an administrator lets serve
// the project: otherwise any owner could make somebody else's server answer for a deployment of theirs.
import type { Caller } from '../domain/caller.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import { type DnsName, refuseReserved, type ServiceName } from '../domain/dns-name.ts'
import type { NameRules } from '../domain/name-rules.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import { EnrollmentRefused } from './errors.ts'
import { activeService, isOwner, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface WantedDeployment {
  readonly name: DeploymentName
  readonly project: ProjectName
  readonly host: DnsName
  readonly service: ServiceName
  readonly serviceCallers: readonly ServiceName[]
}

/** Throws `EnrollmentRefused`, `DirectoryRefused`, `NameRejected`. */
export async function requireDeploymentRights(
  tx: UnitOfWork,
  caller: Caller,
  wanted: WantedDeployment,
  names: Pick<NameRules, 'reservedDnsNames'>,
  at: Date,
): Promise<void> {
  const { project } = wanted
  if (!(await isOwner(tx, caller, project, at))) throw notPermitted(caller)
  refuseReserved(wanted.host, names)
  const service = await activeService(tx, wanted.service, 'share')
  if (!service.projects.includes(project)) throw new EnrollmentRefused('project_not_granted', { project })
  for (const name of wanted.serviceCallers) await activeService(tx, name, 'share')
  await refuseServiceName(tx, wanted.name)
}

/** Deployments and services are audiences of tokens: one name is never both. */
async function refuseServiceName(tx: UnitOfWork, name: DeploymentName): Promise<void> {
  const service = await tx.service(name as string as ServiceName, 'share')
  if (service !== undefined) throw new DirectoryRefused('name_taken', { deployment: name })
}
