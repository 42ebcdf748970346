// Users, projects and their members (directory/directory-store.ts).
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { Member, Membership, Project, User } from '../directory/entities.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { UserName } from '../domain/user-name.ts'
import { foldCase, instantOf, present } from './columns.ts'
import { readPage } from './cursor.ts'
import { RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export type UserTables = Pick<
  DirectoryStore,
  | 'insertUser'
  | 'insertProject'
  | 'insertMember'
  | 'user'
  | 'project'
  | 'membership'
  | 'updateUser'
  | 'updateProject'
  | 'updateMember'
  | 'countActiveAdministrators'
  | 'countActiveOwners'
  | 'membershipsOf'
  | 'listProjects'
  | 'listMembers'
  | 'listUsers'
>

export function userTables(session: Session): UserTables {
  const users = userTable(session)
  const projects = projectTable(session)
  return { ...users, ...projects, ...memberTable(session, { ...users, ...projects }), ...countsOf(session) }
}

function userTable(session: Session) {
  const insert = session.prepareChange((p: Schema['users']) =>
    session.sql
      .insertInto('users')
      .values({
        id: p.id,
        name: p.name,
        folded: p.folded,
        status: p.status,
        platform_role: p.platform_role,
        created_at: p.created_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const find = session.prepareRead((p: { name: UserName }) =>
    session.sql.selectFrom('users').selectAll().where('name', '=', p.name),
  )
  const update = session.prepareChange((p: Pick<Schema['users'], 'name' | 'status' | 'platform_role'>) =>
    session.sql
      .updateTable('users')
      .set({ status: p.status, platform_role: p.platform_role })
      .where('name', '=', p.name),
  )
  const list = session.prepare((p: { after: UserName; limit: number }) =>
    session.sql.selectFrom('users').selectAll().where('name', '>', p.after).orderBy('name').limit(p.limit),
  )
  return {
    insertUser: async (user) => {
      const { id, name, status, platformRole: platform_role } = user
      const created_at = user.createdAt.getTime()
      const kept = await insert({ id, name, folded: foldCase(name), status, platform_role, created_at })
      if (kept === 0) throw new NameTaken('name_taken', { user: name })
    },
    user: async (name, lock) => {
      const [row] = await find(lock, { name })
      return row && userOf(row)
    },
    updateUser: async ({ name, status, platformRole }) => {
      const kept = await update({ name, status, platform_role: platformRole })
      if (kept === 0) throw new RecordMissing('user', name)
    },
    listUsers: (page) =>
      readPage(page, {
        name: 'users',
        start: ['' as UserName] as const,
        fetch: ([after], limit) => list({ after, limit }),
        keyOf: (row) => [row.name] as const,
        itemOf: userOf,
      }),
  } satisfies Partial<UserTables>
}

function projectTable(session: Session) {
  const insert = session.prepareChange((p: Schema['projects']) =>
    session.sql
      .insertInto('projects')
      .values({ id: p.id, name: p.name, folded: p.folded, status: p.status, created_at: p.created_at })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const find = session.prepareRead((p: { name: ProjectName }) =>
    session.sql.selectFrom('projects').selectAll().where('name', '=', p.name),
  )
  const update = session.prepareChange((p: Pick<Schema['projects'], 'name' | 'status'>) =>
    session.sql.updateTable('projects').set({ status: p.status }).where('name', '=', p.name),
  )
  const list = session.prepare((p: { after: ProjectName; limit: number }) =>
    session.sql.selectFrom('projects').selectAll().where('name', '>', p.after).orderBy('name').limit(p.limit),
  )
  return {
    insertProject: async ({ id, name, status, createdAt }) => {
      const kept = await insert({ id, name, folded: foldCase(name), status, created_at: createdAt.getTime() })
      if (kept === 0) throw new NameTaken('name_taken', { project: name })
    },
    project: async (name, lock) => {
      const [row] = await find(lock, { name })
      return row && projectOf(row)
    },
    updateProject: async ({ name, status }) => {
      const kept = await update({ name, status })
      if (kept === 0) throw new RecordMissing('project', name)
    },
    listProjects: (page) =>
      readPage(page, {
        name: 'projects',
        start: ['' as ProjectName] as const,
        fetch: ([after], limit) => list({ after, limit }),
        keyOf: (row) => [row.name] as const,
        itemOf: projectOf,
      }),
  } satisfies Partial<UserTables>
}

function memberTable(session: Session, above: Pick<UserTables, 'user' | 'project'>) {
  const insert = session.prepareChange((p: Schema['members']) =>
    session.sql
      .insertInto('members')
      .values({
        id: p.id,
        project: p.project,
        user_name: p.user_name,
        role: p.role,
        status: p.status,
        created_at: p.created_at,
        added_by: p.added_by,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['project', 'user_name'])
          .doUpdateSet({ role: p.role, status: p.status, added_by: p.added_by })
          .where('members.status', '=', 'removed'),
      ),
  )
  const find = session.prepareRead((p: { project: ProjectName; user: UserName }) =>
    session.sql.selectFrom('members').selectAll().where('project', '=', p.project).where('user_name', '=', p.user),
  )
  // Not a join: SQLite plans one anew for the values of each run, which takes five times as long.
  const findWhole = session.prepare((p: { project: ProjectName; user: UserName }) =>
    session.sql
      .selectFrom('members')
      .selectAll()
      .select((row) => [
        row
          .selectFrom('users')
          .select('users.status')
          .whereRef('users.name', '=', 'members.user_name')
          .as('user_status'),
        row
          .selectFrom('users')
          .select('users.platform_role')
          .whereRef('users.name', '=', 'members.user_name')
          .as('platform_role'),
        row
          .selectFrom('projects')
          .select('projects.status')
          .whereRef('projects.name', '=', 'members.project')
          .as('project_status'),
      ])
      .where('project', '=', p.project)
      .where('user_name', '=', p.user),
  )
  const update = session.prepareChange((p: Omit<Schema['members'], 'id' | 'created_at' | 'added_by'>) =>
    session.sql
      .updateTable('members')
      .set({ role: p.role, status: p.status })
      .where('project', '=', p.project)
      .where('user_name', '=', p.user_name),
  )
  const ofUser = session.prepare((p: { user: UserName }) =>
    session.sql
      .selectFrom('members')
      .selectAll()
      .where('user_name', '=', p.user)
      .where('status', '=', 'active')
      .orderBy('project'),
  )
  const list = session.prepare((p: { project: ProjectName; after: UserName; limit: number }) =>
    session.sql
      .selectFrom('members')
      .selectAll()
      .where('project', '=', p.project)
      .where('user_name', '>', p.after)
      .orderBy('user_name')
      .limit(p.limit),
  )
  return {
    insertMember: async ({ id, project, user: user_name, role, status, createdAt, addedBy }) => {
      const made = { created_at: createdAt.getTime(), added_by: addedBy ?? null }
      const kept = await insert({ id, project, user_name, role, status, ...made })
      if (kept === 0) throw new NameTaken('member_exists', { project, user: user_name })
    },
    membership: async (project, name, lock) => {
      if (!session.locksRows) {
        const [row] = await findWhole({ project, user: name })
        return row && wholeMembershipOf(row)
      }
      // One statement each: one for all would lock its rows in whatever order the plan has them, and two orders deadlock.
      const foundUser = await above.user(name, lock)
      if (foundUser === undefined) return undefined
      const foundProject = await above.project(project, lock)
      if (foundProject === undefined) return undefined
      const [row] = await find(lock, { project, user: name })
      return row && { user: foundUser, project: foundProject, member: memberOf(row) }
    },
    updateMember: async ({ project, user: user_name, role, status }) => {
      const kept = await update({ project, user_name, role, status })
      if (kept === 0) throw new RecordMissing('member', `${project}__${user_name}`)
    },
    membershipsOf: async (name) => (await ofUser({ user: name })).map(memberOf),
    listMembers: (project, page) =>
      readPage(page, {
        name: `members ${project}`,
        start: ['' as UserName] as const,
        fetch: ([after], limit) => list({ project, after, limit }),
        keyOf: (row) => [row.user_name] as const,
        itemOf: memberOf,
      }),
  } satisfies Partial<UserTables>
}

/**
 * "Never the last one" is decided by these counts, so what they count is locked: of two transactions that each take away
 * one of the last two, the second waits, and then counts one less.
 */
function countsOf(session: Session) {
  const administrators = session.prepareRead(() =>
    session.sql
      .selectFrom('users')
      .select('name')
      .where('platform_role', '=', 'admin')
      .where('status', '=', 'active')
      .orderBy('name'),
  )
  const owners = session.prepareRead((p: { project: ProjectName }) =>
    session.sql
      .selectFrom('members')
      .select('user_name')
      .where('project', '=', p.project)
      .where('role', '=', 'owner')
      .where('status', '=', 'active')
      .where('user_name', 'in', session.sql.selectFrom('users').select('name').where('status', '=', 'active'))
      .orderBy('user_name'),
  )
  return {
    countActiveAdministrators: async () => (await administrators('update', {})).length,
    countActiveOwners: async (project) => (await owners('update', { project })).length,
  } satisfies Partial<UserTables>
}

/** A member has its user and its project: the schema says so. */
function wholeMembershipOf(
  row: Schema['members'] & {
    readonly user_status: User['status'] | null
    readonly platform_role: User['platformRole'] | null
    readonly project_status: Project['status'] | null
  },
): Membership | undefined {
  const { user_status: userStatus, platform_role: platformRole, project_status: projectStatus } = row
  if (userStatus === null || platformRole === null || projectStatus === null) return undefined
  return { user: { status: userStatus, platformRole }, project: { status: projectStatus }, member: memberOf(row) }
}

function userOf(row: Schema['users']): User {
  const { id, name, status, platform_role: platformRole } = row
  return { id, name, status, platformRole, createdAt: instantOf(row.created_at) }
}

function projectOf({ id, name, status, created_at }: Schema['projects']): Project {
  return { id, name, status, createdAt: instantOf(created_at) }
}

function memberOf({ id, project, user_name: user, role, status, created_at, added_by }: Schema['members']): Member {
  return { id, project, user, role, status, createdAt: instantOf(created_at), ...present('addedBy', added_by) }
}
