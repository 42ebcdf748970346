// What the database holds before a plan, read within a transaction. It locks nothing: each step of the plan looks again.
import type { ProjectName } from '../domain/project-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { DirectorySource } from './directory-source.ts'
import type { SyncState } from './sync-plan.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** How audit events and members name whom a sync added. */
export function syncActor(provider: string): string {
  return `sync:${provider}`
}

export async function readSyncState(
  tx: UnitOfWork,
  { provider, groups }: Pick<DirectorySource, 'provider' | 'groups'>,
): Promise<SyncState> {
  const names = [...new Set(groups.map(({ project }) => project))]
  const links = await tx.syncedLinks(provider)
  const members = await tx.activeMembersOf(names)
  const own = syncActor(provider)
  return {
    linked: new Map(links.map(({ subject, user }) => [subject, user])),
    members: members.map(({ addedBy, ...member }) => ({ ...member, addedBy: addedBy === own ? 'sync' : 'other' })),
    projects: new Set(await tx.activeProjectsOf(names)),
    owners: await ownersOf(tx),
  }
}

async function ownersOf(tx: UnitOfWork): Promise<ReadonlyMap<ProjectName, ReadonlySet<UserName>>> {
  const byProject = Map.groupBy(await tx.activeOwners(), ({ project }) => project)
  return new Map([...byProject].map(([project, owners]) => [project, new Set(owners.map(({ user }) => user))]))
}
