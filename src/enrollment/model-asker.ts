// Who asks about model groups and models: by which name they own, which backend roles and roles of OpenSearch they hold, and what they
// manage beside their own. Read from the database, in the transaction of the act.
import type { GroupAsker } from '../access/model-group-rights.ts'
import { ML_ROLES, type MlAction, type MlRole, permissionName, rolesPermit } from '../access/ml-permissions.ts'
import { ALL_ACCESS, type AccessRules } from '../domain/access-policy.ts'
import {
  actorOf,
  type Caller,
  type CertifiedCaller,
  holderName,
  type JobHolder,
  principalOf,
} from '../domain/caller.ts'
import { SEPARATOR } from '../domain/name-rules.ts'
import { ownerNameOfService } from '../domain/principal-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { SignInStore } from '../directory/sign-in-store.ts'
import { EnrollmentRefused } from './errors.ts'
import { ModelRefused } from './model-refused.ts'
import type { ModelStore } from './model-store.ts'
import { callerStillGood, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export type ModelAsker =
  | { readonly kind: 'caller'; readonly caller: Caller }
  /** By a certificate that the configuration names, shown on the connection itself: the directory is not asked (step 11). */
  | { readonly kind: 'superadmin'; readonly caller: CertifiedCaller }
  /** In test installations: a name and a password, at OpenSearch's API alone. */
  | { readonly kind: 'password'; readonly user: UserName }

export interface ModelActor extends GroupAsker {
  readonly standing: 'superadmin' | 'administrator' | 'all-access' | 'user'
  readonly roles: ReadonlySet<MlRole>
  readonly backendRoles: ReadonlySet<string>
  /** As decisions name them: of a member `PROJECT__USER`. */
  readonly principal: string
}

export type RightsView = Pick<DirectoryStore, 'user'> & Pick<SignInStore, 'signIn'> & ModelStore

/** As audit events name them. */
export function actorOfAsker(asker: ModelAsker): string {
  return asker.kind === 'password' ? `user:${asker.user}` : actorOf(asker.caller)
}

/** Before anything is written: who asks still is who they were. Throws `EnrollmentRefused`, `DirectoryRefused`. */
export async function askerStillGood(tx: UnitOfWork, asker: ModelAsker, at: Date): Promise<void> {
  switch (asker.kind) {
    case 'caller':
      await callerStillGood(tx, asker.caller, at)
      return
    case 'superadmin':
      await certificateStillGood(tx, asker.caller)
      return
    case 'password':
      if ((await tx.user(asker.user, 'share'))?.status !== 'active') throw new EnrollmentRefused('requester_ended')
      return
    default:
      asker satisfies never
  }
}

async function certificateStillGood(tx: UnitOfWork, { certificate: { serial } }: CertifiedCaller): Promise<void> {
  const standing = await tx.certificateStanding(serial, 'share')
  if (standing?.status !== 'good') throw new EnrollmentRefused('requester_ended', { serial })
}

export async function modelActorOf(view: RightsView, asker: ModelAsker, rules: AccessRules): Promise<ModelActor> {
  const { name, principal = name, user } = nameOf(asker)
  const backendRoles = user === undefined ? new Set<string>() : await backendRolesOf(view, user)
  const roles = await rolesOf(view, name, backendRoles)
  const standing = await standingOf(view, asker, roles)
  const isManager = standing === 'superadmin' || (standing !== 'user' && rules.adminSeesModelGroups)
  return {
    name,
    principal,
    backendRoles,
    roles,
    standing,
    manages: isManager ? 'all' : 'own',
    sharesRole: (wanted) => wanted.some((role) => backendRoles.has(role)),
  }
}

/** Throws `ModelRefused` (`model_permission_missing`). Superadmins and administrators may everything. */
export function requirePermission({ standing, roles }: ModelActor, action: MlAction): void {
  if (standing === 'superadmin' || standing === 'administrator' || rolesPermit(roles, action)) return
  throw new ModelRefused('model_permission_missing', { permission: permissionName(action) })
}

export function isAdministrator({ standing }: ModelActor): boolean {
  return standing !== 'user'
}

/** Groups of the last sign-in, and what administrators gave. */
async function backendRolesOf(view: RightsView, user: UserName): Promise<ReadonlySet<string>> {
  const signIn = await view.signIn(user)
  const given = await view.internalUser(user)
  return new Set([...(signIn?.groups ?? []), ...(given?.roles ?? [])])
}

async function rolesOf(
  view: RightsView,
  name: string,
  backendRoles: ReadonlySet<string>,
): Promise<ReadonlySet<MlRole>> {
  const held = new Set<MlRole>()
  for (const role of ML_ROLES) {
    const mapping = await view.roleMapping(role)
    const isHeld = mapping?.users.includes(name) === true || mapping?.backendRoles.some((one) => backendRoles.has(one))
    if (isHeld === true) held.add(role)
  }
  return held
}

async function standingOf(
  view: RightsView,
  asker: ModelAsker,
  roles: ReadonlySet<MlRole>,
): Promise<ModelActor['standing']> {
  if (asker.kind === 'superadmin') return 'superadmin'
  if (asker.kind === 'caller' && (await administers(view, asker.caller))) return 'administrator'
  return roles.has(ALL_ACCESS) ? 'all-access' : 'user'
}

async function administers(view: RightsView, caller: Caller): Promise<boolean> {
  if (caller.kind === 'admin') return true
  if (caller.kind !== 'session' || caller.administers === 'never') return false
  return (await view.user(caller.user, 'none'))?.platformRole === 'admin'
}

interface Named {
  readonly name: string
  /** Where it is another. */
  readonly principal?: string
  /** Whose backend roles count. */
  readonly user?: UserName
}

function nameOf(asker: ModelAsker): Named {
  if (asker.kind === 'password') return { name: asker.user, user: asker.user }
  const { caller } = asker
  switch (caller.kind) {
    case 'member':
      return { name: caller.user, principal: principalOf(caller), user: caller.user }
    case 'admin':
    case 'session':
      return { name: caller.user, user: caller.user }
    case 'job':
      return nameOfHolder(caller.project, caller.runsAs)
    case 'account':
      return { name: `${caller.project}${SEPARATOR}${caller.account}` }
    case 'service':
      return { name: ownerNameOfService(caller.name), principal: caller.name }
    case 'anonymous':
    case 'offline':
    case 'api-key':
      throw notPermitted(caller)
    default:
      return caller satisfies never
  }
}

function nameOfHolder(project: ProjectName, holder: JobHolder): Named {
  if (holder.kind === 'member') {
    return { name: holder.user, principal: `${project}${SEPARATOR}${holder.user}`, user: holder.user }
  }
  return { name: `${project}${SEPARATOR}${holderName(holder)}` }
}
