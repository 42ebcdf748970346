// How far an API key reaches, by what its user is right now: a role that was taken away takes the key along.
import type { ProjectName } from '../domain/project-name.ts'
import type { ApiKeyCaller } from './recognise-api-key.ts'
import type { DeploymentView, Snapshot } from './snapshot.ts'

/** A member of the project, by a key that reaches it. */
export function reachesProject(snapshot: Snapshot, { reach, user }: ApiKeyCaller, project: ProjectName): boolean {
  if (reach.kind === 'platform' || (reach.kind === 'project' && reach.project !== project)) return false
  return snapshot.project(project) !== undefined && snapshot.member(project, user) !== undefined
}

/**
 * A person who is not of the project and may call one of its deployments: a group of their last sign-in is among its external
 * groups, and that sign-in is not too old. For lists; what a call gets the decision says.
 */
export function reachesByGroups(
  snapshot: Snapshot,
  user: string,
  { project, externalGroups }: Pick<DeploymentView, 'project' | 'externalGroups'>,
  at: Date,
): boolean {
  const { externalLoginAfterHours: hours } = snapshot.rules
  const last = snapshot.signIn(user)
  if (hours === 0 || last === undefined || snapshot.member(project, user) !== undefined) return false
  if (snapshot.user(user)?.status !== 'active') return false
  const isFresh = hours < 0 || at.getTime() - last.at <= hours * 3_600_000
  return isFresh && externalGroups.some((group) => last.groups.has(group))
}

/** An administrator, by a key that was not made with a certificate of a project. */
export function reachesPlatform(snapshot: Snapshot, { reach, user }: ApiKeyCaller): boolean {
  return reach.kind !== 'project' && snapshot.user(user)?.platformRole === 'admin'
}
