// What administrators say of users to OpenSearch's clients: their backend roles beside the groups of their sign-in, and who holds which
// role. Nobody else says it (row OS48): a role that one could give oneself would open every restricted group.
import { randomUUID } from 'node:crypto'
import { isMlRole, ML_ROLES } from '../access/ml-permissions.ts'
import type { UserName } from '../domain/user-name.ts'
import type { User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { keptAsJson } from './idempotency.ts'
import { ModelRefused } from './model-refused.ts'
import type { InternalUser, RoleMapping } from './model-store.ts'
import { requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface Said {
  readonly outcome: 'created' | 'updated' | 'deleted'
}

const KEPT = keptAsJson<Said>()

/** Makes the user where there is none: an administrator may. */
export async function putInternalUser(context: ActContext, asked: Asked & InternalUser): Promise<Said> {
  return byAdministrator(context, asked, async (tx) => {
    const { user, roles, passwordHash } = asked
    await presentOrNewUser(context, tx, asked)
    const before = await tx.internalUser(user)
    const kept = passwordHash ?? before?.passwordHash
    await tx.putInternalUser({ user, roles, ...(kept === undefined ? {} : { passwordHash: kept }) })
    await tx.change({ kind: 'user-roles', user, roles })
    await audit(context, tx, asked, 'user.roles', `user:${user}`, { roles, password: passwordHash !== undefined })
    return { outcome: before === undefined ? 'created' : 'updated' }
  })
}

/** What was said of the user; the user stays. */
export async function deleteInternalUser(
  context: ActContext,
  asked: Asked & { readonly user: UserName },
): Promise<Said> {
  return byAdministrator(context, asked, async (tx) => {
    const { user } = asked
    if ((await tx.deleteInternalUser(user)) === 0) throw new ModelRefused('internal_user_unknown', { user })
    await tx.change({ kind: 'user-roles', user, roles: [] })
    await audit(context, tx, asked, 'user.roles', `user:${user}`, { roles: [] })
    return { outcome: 'deleted' }
  })
}

export async function putRoleMapping(context: ActContext, asked: Asked & RoleMapping): Promise<Said> {
  return byAdministrator(context, asked, async (tx) => {
    const { role, users, backendRoles } = asked
    requireRole(role)
    const before = await tx.roleMapping(role)
    await tx.putRoleMapping({ role, users, backendRoles })
    await tx.change({ kind: 'role-mapping', role, users, backendRoles, status: 'active' })
    await audit(context, tx, asked, 'role-mapping.put', `role:${role}`, { users, backendRoles })
    return { outcome: before === undefined ? 'created' : 'updated' }
  })
}

export async function deleteRoleMapping(context: ActContext, asked: Asked & Pick<RoleMapping, 'role'>): Promise<Said> {
  return byAdministrator(context, asked, async (tx) => {
    const { role } = asked
    if ((await tx.deleteRoleMapping(role)) === 0) throw new ModelRefused('role_unknown', { role })
    await tx.change({ kind: 'role-mapping', role, users: [], backendRoles: [], status: 'deleted' })
    await audit(context, tx, asked, 'role-mapping.delete', `role:${role}`, {})
    return { outcome: 'deleted' }
  })
}

function byAdministrator(context: ActContext, asked: Asked, perform: (tx: UnitOfWork) => Promise<Said>): Promise<Said> {
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT, () => perform(tx))
  })
}

/** A mapping of a role that permits nothing would look as if it did. */
function requireRole(role: string): void {
  if (!isMlRole(role)) throw new ModelRefused('role_unknown', { role, roles: ML_ROLES })
}

async function presentOrNewUser(context: ActContext, tx: UnitOfWork, asked: Asked & InternalUser): Promise<void> {
  const { user: name } = asked
  const found = await tx.user(name, 'update')
  if (found?.status === 'deleted') throw new DirectoryRefused('user_unknown', { user: name })
  if (found !== undefined) return
  const createdAt = context.clock.now()
  const user: User = { id: randomUUID(), name, status: 'active', platformRole: 'user', createdAt }
  await tx.insertUser(user)
  await tx.change({ kind: 'user', name, status: user.status, platformRole: user.platformRole })
  await audit(context, tx, asked, 'user.add', `user:${name}`, { platformRole: user.platformRole })
}
