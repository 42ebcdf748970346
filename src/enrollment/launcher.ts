// A launcher: a service with that role, in the projects that it lists and in no other (CP §4.2).
import type { Caller } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { Service } from '../directory/entities.ts'
import { EnrollmentRefused } from './errors.ts'
import { activeService, callerStillGood } from './second-look.ts'
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
  requireGrant(await activeService(tx, launcher.name, 'share'), project)
}

/** The service was looked up under lock before. Throws `EnrollmentRefused`. */
export function requireGrant({ name, roles, projects }: Service, project: ProjectName): void {
  if (!roles.includes('launcher')) throw new EnrollmentRefused('not_permitted', { actor: `service:${name}` })
  if (!projects.includes(project)) throw new EnrollmentRefused('project_not_granted', { project })
}
