// Who may use a model group, and who is above it, as the snapshot knows them: step 17. The rule itself is model-group-rights.ts.
import { ALL_ACCESS, superadminKey } from '../domain/access-policy.ts'
import { ownerNameOfService } from '../domain/principal-name.ts'
import { distinguishedName, type VerifiedCertificate } from './facts.ts'
import { type GroupAsker, type GroupRefusal, groupStanding, isGroupRefusal } from './model-group-rights.ts'
import type { Principal } from './principal.ts'
import type { ModelGroupView, Snapshot } from './snapshot.ts'

const NO_ROLES: ReadonlySet<string> = new Set()

export type GroupVerdict = 'may' | GroupRefusal

/** With whatever the snapshot knows of the principal, looked up as far as the rule asks. */
export function mayUseGroup(snapshot: Snapshot, principal: Principal, group: ModelGroupView): GroupVerdict {
  if (group.access === 'public') return 'may'
  const asker: GroupAsker = {
    name: ownerName(principal),
    get manages() {
      return administersGroups(snapshot, principal) ? ('all' as const) : ('own' as const)
    },
    sharesRole: (roles) => sharesRole(snapshot, principal, roles),
  }
  const standing = groupStanding(group, asker, snapshot.rules)
  return isGroupRefusal(standing) ? standing : 'may'
}

/** Whether the principal holds one of `roles`, byte for byte. */
function sharesRole(snapshot: Snapshot, principal: Principal, roles: readonly string[]): boolean {
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
function administersGroups(snapshot: Snapshot, principal: Principal): boolean {
  if (!snapshot.rules.adminSeesModelGroups) return false
  return principal.kind === 'admin' || holdsRole(snapshot, principal, ALL_ACCESS)
}

/** Whether a role of OpenSearch is mapped to the user, or to a backend role of theirs. */
function holdsRole(snapshot: Snapshot, principal: Principal, role: string): boolean {
  const mapping = snapshot.roleMapping(role)
  if (mapping === undefined) return false
  if (mapping.users.has(ownerName(principal))) return true
  return sharesRole(snapshot, principal, [...mapping.backendRoles])
}

/** As groups name their owner: a user, whatever project they act in; an account or a service by its name. */
function ownerName(principal: Principal): string {
  return principal.kind === 'service' ? ownerNameOfService(principal.service) : (userOf(principal) ?? principal.name)
}

function userOf(principal: Principal): string | undefined {
  return principal.kind === 'member' || principal.kind === 'admin' || principal.kind === 'external'
    ? principal.user
    : undefined
}

/** By issuer, profile and distinguished name, all three. Whoever told of the certificate is no connection of its holder. */
export function isSuperadmin(snapshot: Snapshot, certificate: VerifiedCertificate): boolean {
  const { superadmins } = snapshot.rules
  // Asked of every certificate, in three steps: where there are none, no key is made.
  if (superadmins.size === 0) return false
  const { issuer, profile } = certificate
  return superadmins.has(superadminKey(issuer, profile, distinguishedName(certificate)))
}
