// A launcher: a service with that role, in the projects that it lists and in no other (CP §4.2).
import type { Caller } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { EnrollmentRefused } from './errors.ts'
import { activeService, callerStillGood, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export type Launcher = Extract<Caller, { readonly kind: 'service' }>

/** Looked up under lock. Throws `EnrollmentRefused`, `DirectoryRefused`. */
export async function requireLauncher(
  tx: UnitOfWork,
  launcher: Launcher,
  project: ProjectName,
  at: Date,
): Promise<void> {
  await callerStillGood(tx, launcher, at)
  const service = await activeService(tx, launcher.name, 'share')
  if (!service.roles.includes('launcher')) throw notPermitted(launcher)
  if (!service.projects.includes(project)) throw new EnrollmentRefused('project_not_granted', { project })
}
