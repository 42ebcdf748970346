// How far an API key reaches, by what its user is right now: a role that was taken away takes the key along.
import type { ProjectName } from '../domain/project-name.ts'
import type { ApiKeyCaller } from './recognise-api-key.ts'
import type { Snapshot } from './snapshot.ts'

/** A member of the project, by a key that reaches it. */
export function reachesProject(snapshot: Snapshot, { reach, user }: ApiKeyCaller, project: ProjectName): boolean {
  if (reach.kind === 'platform' || (reach.kind === 'project' && reach.project !== project)) return false
  return snapshot.project(project) !== undefined && snapshot.member(project, user) !== undefined
}

/** An administrator, by a key that was not made with a certificate of a project. */
export function reachesPlatform(snapshot: Snapshot, { reach, user }: ApiKeyCaller): boolean {
  return reach.kind !== 'project' && snapshot.user(user)?.platformRole === 'admin'
}
