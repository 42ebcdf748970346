// Quotas of users, and what counts against them (directory/directory-store.ts).
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { UserName } from '../domain/user-name.ts'
import type { Session } from './session.ts'

export type QuotaTable = Pick<DirectoryStore, 'projectQuota' | 'setProjectQuota' | 'countProjectsOwnedBy'>

export function quotaTable(session: Session): QuotaTable {
  const find = session.prepare((p: { user: UserName }) =>
    session.sql.selectFrom('quotas').select('projects').where('user_name', '=', p.user),
  )
  const set = session.prepareChange((p: { user: UserName; projects: number }) =>
    session.sql
      .insertInto('quotas')
      .values({ user_name: p.user, projects: p.projects })
      .onConflict((conflict) => conflict.column('user_name').doUpdateSet({ projects: p.projects })),
  )
  // A deleted project has no active member left.
  const owned = session.prepare((p: { user: UserName }) =>
    session.sql
      .selectFrom('members')
      .select((row) => row.fn.countAll().as('owned'))
      .where('user_name', '=', p.user)
      .where('role', '=', 'owner')
      .where('status', '=', 'active'),
  )
  return {
    projectQuota: async (user) => (await find({ user }))[0]?.projects,
    setProjectQuota: async (user, projects) => {
      await set({ user, projects })
    },
    countProjectsOwnedBy: async (user) => Number((await owned({ user }))[0]?.owned ?? 0),
  }
}
