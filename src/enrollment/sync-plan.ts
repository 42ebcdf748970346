// What a sync would do, and whether it may do it unasked (rule 25): pure, no I/O. The sync removes only whom it added itself;
// members that owners added are theirs.
import { createHash } from 'node:crypto'
import type { ProjectRole } from '../domain/change.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { DirectoryReading, SyncedGroup } from './directory-source.ts'

export interface PlannedMember {
  readonly project: ProjectName
  readonly user: UserName
  readonly role: ProjectRole
}

export interface SyncPlan {
  readonly add: readonly PlannedMember[]
  /** Members of the sync whose role is another now. */
  readonly change: readonly PlannedMember[]
  readonly remove: readonly PlannedMember[]
  readonly block: readonly UserName[]
}

/** What the database holds before the plan. */
export interface SyncState {
  /** Users by their subject at the provider, active ones alone. */
  readonly linked: ReadonlyMap<string, UserName>
  /** Active members of the projects under sync, whoever added them. */
  readonly members: readonly (PlannedMember & { readonly addedBy: 'sync' | 'other' })[]
  /** Those of the projects under sync that are there. */
  readonly projects: ReadonlySet<ProjectName>
  /** Active owners of every project. */
  readonly owners: ReadonlyMap<ProjectName, ReadonlySet<UserName>>
}

export type Brake = 'many_removals' | 'emptied' | 'last_owner'

/** Rule 25: over 10 % and over 5. */
const MANY_SHARE = 0.1
const MANY_COUNT = 5

export function planSync(
  groups: readonly SyncedGroup[],
  reading: DirectoryReading,
  state: SyncState,
  vanished: 'block' | 'leave',
): SyncPlan {
  const wanted = wantedMembers(groups, reading, state)
  const present = new Map(state.members.map((member) => [keyOf(member), member]))
  const own = state.members.filter(({ addedBy }) => addedBy === 'sync')
  const add = [...wanted.values()].filter((member) => !present.has(keyOf(member)))
  const change = own.flatMap((member) => {
    const role = wanted.get(keyOf(member))?.role
    return role === undefined || role === member.role ? [] : [planned({ ...member, role })]
  })
  const remove = own.filter((member) => !wanted.has(keyOf(member))).map(planned)
  return {
    add: inOrder(add),
    change: inOrder(change),
    remove: inOrder(remove),
    block: vanished === 'block' ? goneUsers(reading, state) : [],
  }
}

/** Users who have no subject left: of two links of one user, one may be of an entry that was replaced. */
function goneUsers({ gone }: DirectoryReading, { linked }: SyncState): readonly UserName[] {
  const here = new Set([...linked].filter(([subject]) => !gone.has(subject)).map(([, user]) => user))
  return [...new Set(linked.values())].filter((user) => !here.has(user)).sort()
}

/** Of two groups that make somebody a member of one project, the one with more rights counts. */
function wantedMembers(
  groups: readonly SyncedGroup[],
  reading: DirectoryReading,
  state: SyncState,
): ReadonlyMap<string, PlannedMember> {
  const wanted = new Map<string, PlannedMember>()
  for (const { group, project, role } of groups) {
    if (!state.projects.has(project)) continue
    for (const subject of reading.members.get(group) ?? []) {
      const user = state.linked.get(subject)
      if (user === undefined || reading.gone.has(subject)) continue
      const member: PlannedMember = { project, user, role }
      if (role === 'owner' || !wanted.has(keyOf(member))) wanted.set(keyOf(member), member)
    }
  }
  return wanted
}

/** Why the plan waits for a confirmation; empty when it does not. */
export function brakesOf(plan: SyncPlan, state: SyncState): readonly Brake[] {
  const own = state.members.filter(({ addedBy }) => addedBy === 'sync')
  const projects = [...state.projects]
  const of = (project: ProjectName) => (member: PlannedMember) => member.project === project
  const isMany =
    exceeds(plan.remove.length, own.length) ||
    exceeds(plan.block.length, state.linked.size) ||
    projects.some((project) => exceeds(count(plan.remove, of(project)), count(own, of(project))))
  const isEmptied = projects.some((project) => {
    const before = count(own, of(project))
    return before > 1 && count(plan.remove, of(project)) === before && count(plan.add, of(project)) === 0
  })
  const isLast = [...state.owners].some(([project, owners]) => leavesNoOwner(plan, project, owners))
  return [
    ...(isMany ? (['many_removals'] as const) : []),
    ...(isEmptied ? (['emptied'] as const) : []),
    ...(isLast ? (['last_owner'] as const) : []),
  ]
}

function exceeds(removed: number, before: number): boolean {
  return removed > MANY_COUNT && removed > before * MANY_SHARE
}

function leavesNoOwner(plan: SyncPlan, project: ProjectName, owners: ReadonlySet<UserName>): boolean {
  const lost = new Set([
    ...[...plan.remove, ...plan.change.filter(({ role }) => role !== 'owner')]
      .filter((member) => member.project === project)
      .map(({ user }) => user),
    ...plan.block,
  ])
  const gained = [...plan.add, ...plan.change].some((member) => member.project === project && member.role === 'owner')
  return owners.size > 0 && !gained && [...owners].every((owner) => lost.has(owner))
}

/** What is confirmed is exactly this plan. SHA-256, hexadecimal. */
export function digestOf(provider: string, { add, change, remove, block }: SyncPlan): string {
  const text = JSON.stringify({ provider, add, change, remove, block })
  return createHash('sha256').update(text).digest('hex')
}

export function isEmpty({ add, change, remove, block }: SyncPlan): boolean {
  return add.length + change.length + remove.length + block.length === 0
}

function keyOf({ project, user }: Pick<PlannedMember, 'project' | 'user'>): string {
  return `${project}__${user}`
}

function planned({ project, user, role }: PlannedMember): PlannedMember {
  return { project, user, role }
}

function inOrder(members: readonly PlannedMember[]): readonly PlannedMember[] {
  const names = (member: PlannedMember): string => keyOf(member)
  return [...members].sort((one, other) => (names(one) < names(other) ? -1 : names(one) > names(other) ? 1 : 0))
}

function count<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  return items.filter(holds).length
}
