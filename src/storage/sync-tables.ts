// Directory syncs: their rows, and the lists that they plan by (enrollment/sync-store.ts).
import type { SyncRecord, SyncStore, WaitingPlan } from '../enrollment/sync-store.ts'
import { instantOf, optionalInstant, present } from './columns.ts'
import { RecordMissing, StorageUnavailable } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function syncTables(session: Session): SyncStore {
  return { ...recordTable(session), ...lists(session) }
}

function recordTable(session: Session) {
  const find = session.prepareRead((p: { provider: string }) =>
    session.sql.selectFrom('directory_syncs').selectAll().where('provider', '=', p.provider),
  )
  const insert = session.prepareChange((p: { provider: string }) =>
    session.sql
      .insertInto('directory_syncs')
      .values({ provider: p.provider, fence: 0, next_at: 0 })
      .onConflict((conflict) => conflict.column('provider').doNothing()),
  )
  const put = session.prepareChange((p: Schema['directory_syncs']) =>
    session.sql
      .updateTable('directory_syncs')
      .set({
        fence: p.fence,
        next_at: p.next_at,
        done_at: p.done_at,
        done_digest: p.done_digest,
        unread_since: p.unread_since,
        unread_why: p.unread_why,
        waiting: p.waiting,
      })
      .where('provider', '=', p.provider),
  )
  return {
    findSync: async (provider) => {
      const [row] = await find('none', { provider })
      return row && recordOf(row)
    },
    syncRecord: async (provider) => {
      await insert({ provider })
      const [row] = await find('update', { provider })
      if (row === undefined) throw new StorageUnavailable('the row of a directory sync is missing')
      return recordOf(row)
    },
    putSyncRecord: async (record) => {
      const kept = await put(rowOf(record))
      if (kept === 0) throw new RecordMissing('directory sync', record.provider)
    },
  } satisfies Partial<SyncStore>
}

function lists(session: Session) {
  const { sql } = session
  const activeUsers = () => sql.selectFrom('users').select('name').where('status', '=', 'active')
  const activeProjects = () => sql.selectFrom('projects').select('name').where('status', '=', 'active')
  const activeMembers = () =>
    sql
      .selectFrom('members')
      .select(['project', 'user_name as user', 'role', 'added_by'])
      .where('status', '=', 'active')
      .where('user_name', 'in', activeUsers())
      .where('project', 'in', activeProjects())
      .orderBy('project')
      .orderBy('user_name')
  return {
    syncedLinks: (provider) =>
      session.query(
        sql
          .selectFrom('user_links')
          .select(['subject', 'user_name as user'])
          .where('provider', '=', provider)
          .where('user_name', 'in', activeUsers())
          .orderBy('subject'),
      ),
    activeProjectsOf: async (names) =>
      (await session.query(activeProjects().where('name', 'in', [...names]))).map(({ name }) => name),
    activeMembersOf: async (projects) => {
      const rows = await session.query(activeMembers().where('project', 'in', [...projects]))
      return rows.map(({ added_by, ...member }) => ({ ...member, ...present('addedBy', added_by) }))
    },
    activeOwners: async () => {
      const rows = await session.query(activeMembers().where('role', '=', 'owner'))
      return rows.map(({ project, user }) => ({ project, user }))
    },
  } satisfies Partial<SyncStore>
}

function recordOf(row: Schema['directory_syncs']): SyncRecord {
  const { provider, fence, next_at, done_at, done_digest, unread_since, unread_why, waiting } = row
  return {
    provider,
    fence,
    nextAt: instantOf(next_at),
    ...(done_at === null || done_digest === null ? {} : { done: { at: instantOf(done_at), digest: done_digest } }),
    ...(unread_since === null ? {} : { unread: { since: instantOf(unread_since), why: unread_why ?? '' } }),
    ...(waiting === null ? {} : { waiting: waitingOf(waiting) }),
  }
}

function rowOf({ provider, fence, nextAt, done, unread, waiting }: SyncRecord): Schema['directory_syncs'] {
  return {
    provider,
    fence,
    next_at: nextAt.getTime(),
    done_at: optionalInstant(done?.at),
    done_digest: done?.digest ?? null,
    unread_since: optionalInstant(unread?.since),
    unread_why: unread?.why ?? null,
    waiting: waiting === undefined ? null : JSON.stringify(waiting),
  }
}

/** Written by `rowOf`: its names were checked before. */
function waitingOf(text: string): WaitingPlan {
  return JSON.parse(text, (name, value: unknown) =>
    name === 'since' && typeof value === 'string' ? new Date(value) : value,
  ) as WaitingPlan
}
