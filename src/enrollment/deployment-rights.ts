// Who may say what a deployment is: an owner of its project, and nobody else, since who serves it and who may call it decides
// who sees the project's data. What it names must be there, and the service must be one that an administrator lets serve
// the project: otherwise any owner could make somebody else's server answer for a deployment of theirs.
import type { Caller } from '../domain/caller.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import { type DnsName, refuseReserved, type ServiceName } from '../domain/dns-name.ts'
import type { NameRules } from '../domain/name-rules.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { type Deployment, DeploymentRefused } from '../directory/deployment-store.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import { EnrollmentRefused } from './errors.ts'
import { activeService, isOwner, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

type Named = Pick<Deployment, 'name' | 'project' | 'host' | 'service' | 'serviceCallers'> & {
  readonly policy: Pick<Deployment['policy'], 'moreHosts'>
}

/** Throws `EnrollmentRefused`, `DirectoryRefused`, `NameRejected`, `NameTaken`. */
export async function requireDeploymentRights(
  tx: UnitOfWork,
  caller: Caller,
  wanted: Named,
  names: Pick<NameRules, 'reservedDnsNames'>,
  at: Date,
): Promise<void> {
  const { project } = wanted
  if (!(await isOwner(tx, caller, project, at))) throw notPermitted(caller)
  const hosts = [wanted.host, ...wanted.policy.moreHosts]
  for (const host of hosts) refuseReserved(host, names)
  const service = await activeService(tx, wanted.service, 'share')
  if (!service.projects.includes(project)) throw new EnrollmentRefused('project_not_granted', { project })
  for (const host of hosts) await refuseHostOfOthers(tx, host, wanted)
  for (const name of wanted.serviceCallers) await activeService(tx, name, 'share')
  await refuseServiceName(tx, wanted.name)
}

/**
 * The caller is an owner of the project of a deployment that is or was there. Whoever is not of the project learns nothing of
 * it. Throws `DeploymentRefused`, `EnrollmentRefused`.
 */
export async function requireDeploymentOwner(
  tx: UnitOfWork,
  caller: Caller,
  name: DeploymentName,
  at: Date,
): Promise<void> {
  const found = await tx.deployment(name, 'none')
  if (found === undefined) throw unknown(name)
  if (await isOwner(tx, caller, found.project, at)) return
  throw (await isOf(tx, caller, found.project)) ? notPermitted(caller) : unknown(name)
}

/** Held for `update`. Throws `DeploymentRefused`. */
export async function activeDeployment(tx: UnitOfWork, name: DeploymentName): Promise<Deployment> {
  const held = await tx.deployment(name, 'update')
  if (held?.status !== 'active') throw unknown(name)
  return held
}

/** Whether the caller sees the deployments of the project. */
async function isOf(tx: UnitOfWork, caller: Caller, project: ProjectName): Promise<boolean> {
  if (caller.kind === 'member') return caller.project === project
  if (caller.kind !== 'session') return false
  const isAdministrator = (await tx.user(caller.user, 'none'))?.platformRole === 'admin'
  if (isAdministrator && caller.administers === 'when-administrator') return true
  return (await tx.membership(project, caller.user, 'none'))?.member.status === 'active'
}

function unknown(deployment: DeploymentName): DeploymentRefused {
  return new DeploymentRefused('deployment_unknown', { deployment })
}

/**
 * A proxy that stands before many brings calls for a name to the server that has it: they are not decided by the word of a project
 * which that server does not serve. A name of a gateway, which serves no project, is a host as any other.
 */
async function refuseHostOfOthers(tx: UnitOfWork, host: DnsName, { project }: Named): Promise<void> {
  const holder = await tx.serviceOfDnsName(host)
  const service = holder && (await tx.service(holder, 'share'))
  if (service?.status !== 'active' || service.projects.length === 0) return
  if (!service.projects.includes(project)) throw new NameTaken('host_taken', { host })
}

/** Deployments and services are audiences of tokens: one name is never both. */
async function refuseServiceName(tx: UnitOfWork, name: DeploymentName): Promise<void> {
  const service = await tx.service(name as string as ServiceName, 'share')
  if (service !== undefined) throw new DirectoryRefused('name_taken', { deployment: name })
}
