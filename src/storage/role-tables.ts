// Who holds which role of OpenSearch, and the switch of model access control (enrollment/model-store.ts).
import type { UserName } from '../domain/user-name.ts'
import type { AccessSwitch, InternalUser, ModelStore, RoleMapping } from '../enrollment/model-store.ts'
import { decodeList, encodeList, present } from './columns.ts'
import { StorageUnavailable } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

const SWITCH = 'model-access-control'

export function roleTables(session: Session) {
  return { ...internalUsers(session), ...roleMappings(session), ...accessSwitch(session) } satisfies Partial<ModelStore>
}

function internalUsers(session: Session) {
  const find = session.prepare((p: { user: UserName }) =>
    session.sql.selectFrom('internal_users').selectAll().where('user_name', '=', p.user),
  )
  const put = session.prepareChange((p: Schema['internal_users']) =>
    session.sql
      .insertInto('internal_users')
      .values({ user_name: p.user_name, roles: p.roles, password_hash: p.password_hash })
      .onConflict((conflict) =>
        conflict.column('user_name').doUpdateSet({ roles: p.roles, password_hash: p.password_hash }),
      ),
  )
  const remove = session.prepareChange((p: { user: UserName }) =>
    session.sql.deleteFrom('internal_users').where('user_name', '=', p.user),
  )
  return {
    internalUser: async (user) => {
      const [row] = await find({ user })
      return row && internalUserOf(row)
    },
    putInternalUser: async ({ user, roles, passwordHash }) => {
      await put({ user_name: user, roles: encodeList(roles), password_hash: passwordHash ?? null })
    },
    deleteInternalUser: (user) => remove({ user }),
    listInternalUsers: async () => {
      const rows = await session.query(session.sql.selectFrom('internal_users').selectAll().orderBy('user_name'))
      return rows.map(internalUserOf)
    },
  } satisfies Partial<ModelStore>
}

function roleMappings(session: Session) {
  const find = session.prepare((p: { role: string }) =>
    session.sql.selectFrom('role_mappings').selectAll().where('role', '=', p.role),
  )
  const put = session.prepareChange((p: Schema['role_mappings']) =>
    session.sql
      .insertInto('role_mappings')
      .values({ role: p.role, users: p.users, backend_roles: p.backend_roles })
      .onConflict((conflict) =>
        conflict.column('role').doUpdateSet({ users: p.users, backend_roles: p.backend_roles }),
      ),
  )
  const remove = session.prepareChange((p: { role: string }) =>
    session.sql.deleteFrom('role_mappings').where('role', '=', p.role),
  )
  return {
    roleMapping: async (role) => {
      const [row] = await find({ role })
      return row && roleMappingOf(row)
    },
    putRoleMapping: async ({ role, users, backendRoles }) => {
      await put({ role, users: encodeList(users), backend_roles: encodeList(backendRoles) })
    },
    deleteRoleMapping: (role) => remove({ role }),
    listRoleMappings: async () => {
      const rows = await session.query(session.sql.selectFrom('role_mappings').selectAll().orderBy('role'))
      return rows.map(roleMappingOf)
    },
  } satisfies Partial<ModelStore>
}

function accessSwitch(session: Session) {
  const find = session.prepareRead((p: { name: string }) =>
    session.sql.selectFrom('settings').selectAll().where('name', '=', p.name),
  )
  const put = session.prepareChange((p: { name: string; value: AccessSwitch }) =>
    session.sql.updateTable('settings').set({ value: p.value }).where('name', '=', p.name),
  )
  return {
    accessSwitch: async (lock) => {
      const [row] = await find(lock, { name: SWITCH })
      if (row === undefined) throw new StorageUnavailable('the row of a setting is missing')
      return row.value
    },
    setAccessSwitch: async (value) => {
      await put({ name: SWITCH, value })
    },
  } satisfies Partial<ModelStore>
}

export function internalUserOf({ user_name, roles, password_hash }: Schema['internal_users']): InternalUser {
  return { user: user_name, roles: decodeList(roles), ...present('passwordHash', password_hash) }
}

export function roleMappingOf({ role, users, backend_roles }: Schema['role_mappings']): RoleMapping {
  return { role, users: decodeList(users), backendRoles: decodeList(backend_roles) }
}
