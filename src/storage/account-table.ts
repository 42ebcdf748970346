// Service accounts (directory/directory-store.ts). A deleted one keeps its row, and with it the name in every letter case.
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { ServiceAccount } from '../directory/entities.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { ServiceAccountName } from '../domain/user-name.ts'
import { foldCase, instantOf } from './columns.ts'
import { readPage } from './cursor.ts'
import { RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export type AccountTable = Pick<DirectoryStore, 'insertAccount' | 'account' | 'updateAccount' | 'listAccounts'>

export function accountTable(session: Session): AccountTable {
  const insert = session.prepareChange((p: Schema['service_accounts']) =>
    session.sql
      .insertInto('service_accounts')
      .values({
        project: p.project,
        name: p.name,
        folded: p.folded,
        id: p.id,
        status: p.status,
        created_by: p.created_by,
        created_at: p.created_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const find = session.prepareRead((p: { project: ProjectName; name: ServiceAccountName }) =>
    session.sql.selectFrom('service_accounts').selectAll().where('project', '=', p.project).where('name', '=', p.name),
  )
  const update = session.prepareChange((p: Pick<Schema['service_accounts'], 'project' | 'name' | 'status'>) =>
    session.sql
      .updateTable('service_accounts')
      .set({ status: p.status })
      .where('project', '=', p.project)
      .where('name', '=', p.name),
  )
  const list = session.prepare((p: { project: ProjectName; after: ServiceAccountName; limit: number }) =>
    session.sql
      .selectFrom('service_accounts')
      .selectAll()
      .where('project', '=', p.project)
      .where('name', '>', p.after)
      .orderBy('name')
      .limit(p.limit),
  )
  return {
    insertAccount: async ({ id, project, name, status, createdBy, createdAt }) => {
      const made = { created_by: createdBy, created_at: createdAt.getTime() }
      const kept = await insert({ id, project, name, folded: foldCase(name), status, ...made })
      if (kept === 0) throw new NameTaken('name_taken', { project, account: name })
    },
    account: async (project, name, lock) => {
      const [row] = await find(lock, { project, name })
      return row && accountOf(row)
    },
    updateAccount: async ({ project, name, status }) => {
      const kept = await update({ project, name, status })
      if (kept === 0) throw new RecordMissing('service account', `${project}__${name}`)
    },
    listAccounts: (project, page) =>
      readPage(page, {
        name: `accounts ${project}`,
        start: ['' as ServiceAccountName] as const,
        fetch: ([after], limit) => list({ project, after, limit }),
        keyOf: (row) => [row.name] as const,
        itemOf: accountOf,
      }),
  }
}

function accountOf(row: Schema['service_accounts']): ServiceAccount {
  const { id, project, name, status, created_by: createdBy } = row
  return { id, project, name, status, createdBy, createdAt: instantOf(row.created_at) }
}
