// Who may use a model group: steps 13 and 17 of the decision (docs/decision.md), as one pure rule for decisions and for acts.
import type { AccessRules, GroupAccessMode } from '../domain/access-policy.ts'

export interface GroupPolicy {
  /** Absent: made while model access control was off, and public for ever (row OS23). */
  readonly owner?: string
  readonly access: GroupAccessMode
  readonly roles: readonly string[]
}

export interface GroupAsker {
  /** As owners are named: of a member the user, of an account `PROJECT__sa-NAME`, of a service its name. */
  readonly name: string
  /** `all`: a superadmin, and an administrator unless the configuration says otherwise. */
  readonly manages: 'all' | 'own'
  /** Whether they hold one of these backend roles, byte for byte. */
  sharesRole(roles: readonly string[]): boolean
}

export type GroupRefusal = 'GROUP_PRIVATE' | 'GROUP_RESTRICTED' | 'RESTRICTED_WITHOUT_ROLES'

/**
 * - public: everybody who is known
 * - private: the owner, and whoever manages all groups
 * - restricted: these, and everybody with one of its backend roles (`by-role`)
 */
export type GroupStanding = 'manager' | 'owner' | 'public' | 'by-role' | GroupRefusal

export function groupStanding(
  group: GroupPolicy,
  asker: GroupAsker,
  { ownerMustHoldRole }: Pick<AccessRules, 'ownerMustHoldRole'>,
): GroupStanding {
  if (asker.manages === 'all') return 'manager'
  if (group.owner === undefined) return 'public'
  const isOwner = group.owner === asker.name
  if (group.access !== 'restricted') {
    if (isOwner) return 'owner'
    return group.access === 'public' ? 'public' : 'GROUP_PRIVATE'
  }
  const sharesRole = asker.sharesRole(group.roles)
  if (isOwner && (sharesRole || !ownerMustHoldRole)) return 'owner'
  if (group.roles.length === 0) return 'RESTRICTED_WITHOUT_ROLES'
  return sharesRole ? 'by-role' : 'GROUP_RESTRICTED'
}

const REFUSALS: ReadonlySet<string> = new Set<GroupRefusal>([
  'GROUP_PRIVATE',
  'GROUP_RESTRICTED',
  'RESTRICTED_WITHOUT_ROLES',
])

export function isGroupRefusal(standing: GroupStanding): standing is GroupRefusal {
  return REFUSALS.has(standing)
}
