// Sidecars are registered by administrators, and by whoever owns every project whose deployments one stands in front of. A name
// stays with its service, and a service gets the policy of deployments that it serves, and of no other (SECURITY.md rule 16).
import type { Caller } from '../domain/caller.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { SidecarName } from '../domain/sidecar-name.ts'
import { type Deployment, DeploymentRefused } from '../directory/deployment-store.ts'
import { type Sidecar, SidecarRefused } from '../directory/sidecar-store.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { EnrollmentRefused } from './errors.ts'
import { keptAsJson } from './idempotency.ts'
import { activeService, callerStillGood, isOwner, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_SIDECAR = keptAsJson<Sidecar>()

export interface WantedSidecar {
  readonly name: SidecarName
  readonly service: ServiceName
  readonly deployments: readonly DeploymentName[]
}

/** Throws `EnrollmentRefused`, `DirectoryRefused`, `DeploymentRefused`, `SidecarRefused`. */
export async function putSidecar(
  context: ActContext,
  asked: Asked & { readonly wanted: WantedSidecar },
): Promise<Sidecar> {
  const { wanted } = asked
  return context.acts.run(async (tx) => {
    await requireSidecarRights(tx, asked.caller, wanted.deployments, context.clock.now())
    return once(context, tx, asked, KEPT_SIDECAR, async () => {
      await requireServes(tx, wanted)
      const before = await tx.sidecar(wanted.name, 'update')
      if (before !== undefined && before.service !== wanted.service) {
        throw new SidecarRefused('sidecar_of_another_service', { sidecar: wanted.name })
      }
      return record(context, tx, asked, { ...wanted, status: 'active' }, 'sidecar.put')
    })
  })
}

/** No snapshot is made for it any more. Throws `EnrollmentRefused`, `SidecarRefused`. */
export async function deleteSidecar(
  context: ActContext,
  asked: Asked & { readonly name: SidecarName },
): Promise<Sidecar> {
  return context.acts.run(async (tx) => {
    const before = await tx.sidecar(asked.name, 'update')
    await requireSidecarRights(tx, asked.caller, before?.deployments ?? [], context.clock.now())
    return once(context, tx, asked, KEPT_SIDECAR, async () => {
      if (before?.status !== 'active') throw new SidecarRefused('sidecar_unknown', { sidecar: asked.name })
      return record(context, tx, asked, { ...before, status: 'deleted' }, 'sidecar.delete')
    })
  })
}

/** Who may not see it hears what whoever asks for none hears. Throws `EnrollmentRefused`, `SidecarRefused`. */
export async function visibleSidecar(context: ActContext, caller: Caller, name: SidecarName): Promise<Sidecar> {
  return context.acts.run(async (tx) => {
    const sidecar = await tx.sidecar(name, 'none')
    if (sidecar?.status === 'active' && (await maySee(tx, caller, sidecar, context.clock.now()))) return sidecar
    throw new SidecarRefused('sidecar_unknown', { sidecar: name })
  })
}

async function maySee(tx: UnitOfWork, caller: Caller, sidecar: Sidecar, at: Date): Promise<boolean> {
  if (caller.kind === 'service') {
    await callerStillGood(tx, caller, at)
    return caller.name === sidecar.service
  }
  try {
    await requireSidecarRights(tx, caller, sidecar.deployments, at)
    return true
  } catch (error) {
    if (error instanceof EnrollmentRefused && error.code === 'not_permitted') return false
    throw error
  }
}

/** Of no deployment at all nobody is the owner, and of one that is not there neither. */
async function requireSidecarRights(
  tx: UnitOfWork,
  caller: Caller,
  deployments: readonly DeploymentName[],
  at: Date,
): Promise<void> {
  if (caller.kind !== 'member' && caller.kind !== 'session') {
    await requireAdministrator(tx, caller, at)
    return
  }
  const projects = await projectsOf(tx, deployments)
  const owned: boolean[] = []
  for (const project of projects) owned.push(project !== undefined && (await isOwner(tx, caller, project, at)))
  if (owned.length === 0 || !owned.every(Boolean)) await requireAdministrator(tx, caller, at)
}

async function projectsOf(
  tx: UnitOfWork,
  deployments: readonly DeploymentName[],
): Promise<readonly (ProjectName | undefined)[]> {
  const projects = new Set<ProjectName | undefined>()
  for (const name of deployments) projects.add((await tx.deployment(name, 'share'))?.project)
  return [...projects]
}

/** Its service serves each of them, and an administrator lets it serve their projects. */
async function requireServes(tx: UnitOfWork, { service, deployments }: WantedSidecar): Promise<void> {
  const { projects } = await activeService(tx, service, 'share')
  for (const name of deployments) {
    const deployment = await activeDeployment(tx, name)
    if (deployment.service !== service) throw new SidecarRefused('sidecar_of_another_service', { deployment: name })
    const { project } = deployment
    if (!projects.includes(project)) throw new EnrollmentRefused('project_not_granted', { project })
  }
}

async function activeDeployment(tx: UnitOfWork, name: DeploymentName): Promise<Deployment> {
  const deployment = await tx.deployment(name, 'share')
  if (deployment?.status !== 'active') throw new DeploymentRefused('deployment_unknown', { deployment: name })
  return deployment
}

/** The sidecars that the service is: nothing is made for them any more. */
export async function endSidecarsOf(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  service: ServiceName,
): Promise<void> {
  for (const sidecar of await tx.sidecarsOfService(service)) {
    await record(context, tx, asked, { ...sidecar, status: 'deleted' }, 'sidecar.delete')
  }
}

async function record(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  sidecar: Sidecar,
  act: 'sidecar.put' | 'sidecar.delete',
): Promise<Sidecar> {
  await tx.putSidecar(sidecar)
  await tx.change({ kind: 'sidecar', ...sidecar })
  const { name, service, deployments } = sidecar
  await audit(context, tx, asked, act, `sidecar:${name}`, { service, deployments })
  return sidecar
}
