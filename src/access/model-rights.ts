// Who may use or see a model group, and who is above it: the rules of step 17, for the decision and for the acts on groups.
import { ALL_ACCESS, superadminKey } from '../domain/access-policy.ts'
import { distinguishedName, type VerifiedCertificate } from './facts.ts'
import type { Principal } from './principal.ts'
import type { ModelGroupView, Snapshot } from './snapshot.ts'

const NO_ROLES: ReadonlySet<string> = new Set()

export type GroupVerdict = 'may' | 'GROUP_PRIVATE' | 'GROUP_RESTRICTED' | 'RESTRICTED_WITHOUT_ROLES'

/**
 * - public: everybody who is known
 * - private: the owner, and whoever administers groups
 * - restricted: these, and everybody with one of its backend roles
 */
export function mayUseGroup(snapshot: Snapshot, principal: Principal, group: ModelGroupView): GroupVerdict {
  if (group.access === 'public' || administersGroups(snapshot, principal)) return 'may'
  const isOwner = group.owner !== undefined && group.owner === ownerName(principal)
  if (group.access === 'private') return isOwner ? 'may' : 'GROUP_PRIVATE'
  if (isOwner && !snapshot.rules.ownerMustHoldRole) return 'may'
  if (group.roles.length === 0) return 'RESTRICTED_WITHOUT_ROLES'
  return sharesRole(snapshot, principal, group.roles) ? 'may' : 'GROUP_RESTRICTED'
}

/** Whether the principal holds one of `roles`, byte for byte. */
export function sharesRole(snapshot: Snapshot, principal: Principal, roles: readonly string[]): boolean {
  const [groups, assigned] = rolesOf(snapshot, principal)
  return roles.some((role) => groups.has(role) || assigned.has(role))
}

/** Backend roles: the groups of the last sign-in, and what administrators gave. Two sets, so that none is made for a decision. */
export function rolesOf(
  snapshot: Snapshot,
  principal: Principal,
): readonly [groups: ReadonlySet<string>, assigned: ReadonlySet<string>] {
  const user = userOf(principal)
  const assigned = user === undefined ? NO_ROLES : snapshot.assignedRoles(user)
  if (principal.kind === 'external') return [principal.groups, assigned]
  return [user === undefined ? NO_ROLES : (snapshot.signIn(user)?.groups ?? NO_ROLES), assigned]
}

/** Administrators and holders of `all_access`, where the configuration lets them. */
export function administersGroups(snapshot: Snapshot, principal: Principal): boolean {
  if (!snapshot.rules.adminSeesModelGroups) return false
  return principal.kind === 'admin' || holdsRole(snapshot, principal, ALL_ACCESS)
}

/** Whether a role of OpenSearch is mapped to the user, or to a backend role of theirs. */
export function holdsRole(snapshot: Snapshot, principal: Principal, role: string): boolean {
  const mapping = snapshot.roleMapping(role)
  if (mapping === undefined) return false
  if (mapping.users.has(ownerName(principal))) return true
  return sharesRole(snapshot, principal, [...mapping.backendRoles])
}

/** As groups name their owner: a user, whatever project they act in; an account or a service by its name. */
export function ownerName(principal: Principal): string {
  return userOf(principal) ?? principal.name
}

function userOf(principal: Principal): string | undefined {
  return principal.kind === 'member' || principal.kind === 'admin' || principal.kind === 'external'
    ? principal.user
    : undefined
}

/** By issuer, profile and distinguished name, all three. Whoever told of the certificate is no connection of its holder. */
export function isSuperadmin(snapshot: Snapshot, certificate: VerifiedCertificate): boolean {
  const { issuer, profile } = certificate
  return snapshot.rules.superadmins.has(superadminKey(issuer, profile, distinguishedName(certificate)))
}
