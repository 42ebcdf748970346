// Who may say what a deployment is: an owner of its project or an administrator; and what it names must be there.
import type { Caller } from '../domain/caller.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import { activeService, isOwner, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Throws `EnrollmentRefused` or `DirectoryRefused`. */
export async function requireDeploymentRights(
  tx: UnitOfWork,
  caller: Caller,
  wanted: {
    readonly project: ProjectName
    readonly service: ServiceName
    readonly serviceCallers: readonly ServiceName[]
  },
  at: Date,
): Promise<void> {
  if (!(await isOwner(tx, caller, wanted.project, at))) await requireAdministrator(tx, caller, at)
  const project = await tx.project(wanted.project, 'share')
  if (project?.status !== 'active') throw new DirectoryRefused('project_unknown', { project: wanted.project })
  for (const name of [wanted.service, ...wanted.serviceCallers]) await activeService(tx, name, 'share')
}
