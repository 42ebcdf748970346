// Sessions, links and groups of the people who sign in (directory/sign-in-store.ts).
import type { SignIn, SignInStore, UserLink } from '../directory/sign-in-store.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { PersonSession } from '../domain/session.ts'
import type { UserName } from '../domain/user-name.ts'
import { instantOf, optionalInstant, presentInstant } from './columns.ts'
import { readPage } from './cursor.ts'
import { RecordExists, RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function signInTables(session: Session): SignInStore {
  return { ...sessionTable(session), ...linkTable(session), ...groupTables(session), ...groupLists(session) }
}

function sessionTable(session: Session) {
  const insert = session.prepareChange((p: Schema['sessions']) =>
    session.sql
      .insertInto('sessions')
      .values({
        id: p.id,
        user_name: p.user_name,
        provider: p.provider,
        signed_in_at: p.signed_in_at,
        ends_at: p.ends_at,
        generation: p.generation,
        rotated_at: p.rotated_at,
        page_token_hash: p.page_token_hash,
        ended_at: p.ended_at,
      })
      .onConflict((conflict) => conflict.column('id').doNothing()),
  )
  const find = session.prepareRead((p: { id: string }) =>
    session.sql.selectFrom('sessions').selectAll().where('id', '=', p.id),
  )
  const update = session.prepareChange((p: Pick<Schema['sessions'], 'id' | 'generation' | 'rotated_at' | 'ended_at'>) =>
    session.sql
      .updateTable('sessions')
      .set({ generation: p.generation, rotated_at: p.rotated_at, ended_at: p.ended_at })
      .where('id', '=', p.id),
  )
  const live = session.prepareRead((p: { user: UserName; at: number }) =>
    session.sql
      .selectFrom('sessions')
      .selectAll()
      .where('user_name', '=', p.user)
      .where('ended_at', 'is', null)
      .where('ends_at', '>', p.at)
      .orderBy('id'),
  )
  return {
    insertSession: async (record) => {
      const kept = await insert(sessionRow(record))
      if (kept === 0) throw new RecordExists('session', record.id)
    },
    session: async (id, lock) => {
      const [row] = await find(lock, { id })
      return row && sessionOf(row)
    },
    updateSession: async (record) => {
      const kept = await update(sessionRow(record))
      if (kept === 0) throw new RecordMissing('session', record.id)
    },
    liveSessionsOf: async (user, at) => (await live('update', { user, at: at.getTime() })).map(sessionOf),
  } satisfies Partial<SignInStore>
}

function linkTable(session: Session) {
  const insert = session.prepareChange((p: Schema['user_links']) =>
    session.sql
      .insertInto('user_links')
      .values({ provider: p.provider, subject: p.subject, user_name: p.user_name, created_at: p.created_at })
      .onConflict((conflict) => conflict.columns(['provider', 'subject']).doNothing()),
  )
  const find = session.prepareRead((p: { provider: string; subject: string }) =>
    session.sql
      .selectFrom('user_links')
      .selectAll()
      .where('provider', '=', p.provider)
      .where('subject', '=', p.subject),
  )
  const ofUser = session.prepare((p: { user: UserName }) =>
    session.sql
      .selectFrom('user_links')
      .selectAll()
      .where('user_name', '=', p.user)
      .orderBy('provider')
      .orderBy('subject'),
  )
  const remove = session.prepareChange((p: { user: UserName; provider: string }) =>
    session.sql.deleteFrom('user_links').where('user_name', '=', p.user).where('provider', '=', p.provider),
  )
  return {
    insertLink: async ({ provider, subject, user, createdAt }) => {
      const kept = await insert({ provider, subject, user_name: user, created_at: createdAt.getTime() })
      if (kept === 0) throw new NameTaken('link_taken', { provider, subject })
    },
    link: async (provider, subject, lock) => {
      const [row] = await find(lock, { provider, subject })
      return row && linkOf(row)
    },
    linksOf: async (user) => (await ofUser({ user })).map(linkOf),
    deleteLinks: (user, provider) => remove({ user, provider }),
  } satisfies Partial<SignInStore>
}

function groupTables(session: Session) {
  const put = session.prepareChange((p: Schema['sign_ins']) =>
    session.sql
      .insertInto('sign_ins')
      .values({ user_name: p.user_name, provider: p.provider, subject: p.subject, at: p.at })
      .onConflict((conflict) =>
        conflict.column('user_name').doUpdateSet({ provider: p.provider, subject: p.subject, at: p.at }),
      ),
  )
  const find = session.prepare((p: { user: UserName }) =>
    session.sql.selectFrom('sign_ins').selectAll().where('user_name', '=', p.user),
  )
  const clear = session.prepareChange((p: { user: UserName }) =>
    session.sql.deleteFrom('user_groups').where('user_name', '=', p.user),
  )
  return {
    putSignIn: async ({ user, provider, subject, groups, at }) => {
      await put({ user_name: user, provider, subject, at: at.getTime() })
      await clear({ user })
      const rows = groups.map((group_name) => ({ user_name: user, group_name }))
      await session.insertMany('user_groups', rows)
    },
    signIn: async (user) => {
      const [row] = await find({ user })
      return row && (await withGroups(session, [row]))[0]
    },
  } satisfies Partial<SignInStore>
}

function groupLists(session: Session) {
  const groups = session.prepare((p: { after: string; limit: number }) =>
    session.sql
      .selectFrom('user_groups')
      .select((row) => ['group_name as name', row.fn.countAll<number | string>().as('users')])
      .where('group_name', '>', p.after)
      .where('user_name', 'in', (rows) => rows.selectFrom('users').select('name').where('status', '!=', 'deleted'))
      .groupBy('group_name')
      .orderBy('group_name')
      .limit(p.limit),
  )
  const external = session.prepare((p: { after: UserName; limit: number }) =>
    session.sql
      .selectFrom('sign_ins')
      .selectAll()
      .where('user_name', '>', p.after)
      .where('user_name', 'not in', (rows) =>
        rows.selectFrom('members').select('user_name').where('status', '=', 'active'),
      )
      .where('user_name', 'in', (rows) => rows.selectFrom('users').select('name').where('status', '!=', 'deleted'))
      .orderBy('user_name')
      .limit(p.limit),
  )
  return {
    listGroups: (page) =>
      readPage(page, {
        name: 'groups',
        start: [''] as readonly [string],
        fetch: ([after], limit) => groups({ after, limit }),
        keyOf: (row): readonly [string] => [row.name],
        // PostgreSQL counts in bigint, which comes as text.
        itemOf: ({ name, users }) => ({ name, users: Number(users) }),
      }),
    listExternalUsers: (page) =>
      readPage(page, {
        name: 'external users',
        start: ['' as UserName] as const,
        fetch: async ([after], limit) => withGroups(session, await external({ after, limit })),
        keyOf: (row) => [row.user] as const,
        itemOf: (row) => row,
      }),
  } satisfies Partial<SignInStore>
}

async function withGroups(session: Session, rows: readonly Schema['sign_ins'][]): Promise<readonly SignIn[]> {
  if (rows.length === 0) return []
  const users = rows.map(({ user_name }) => user_name)
  const found = await session.query(
    session.sql.selectFrom('user_groups').selectAll().where('user_name', 'in', users).orderBy('group_name'),
  )
  const groups = Map.groupBy(found, ({ user_name }) => user_name)
  return rows.map(({ user_name, provider, subject, at }) => ({
    user: user_name,
    provider,
    subject,
    groups: (groups.get(user_name) ?? []).map(({ group_name }) => group_name),
    at: instantOf(at),
  }))
}

function sessionRow(record: PersonSession): Schema['sessions'] {
  return {
    id: record.id,
    user_name: record.user,
    provider: record.provider,
    signed_in_at: record.signedInAt.getTime(),
    ends_at: record.endsAt.getTime(),
    generation: record.generation,
    rotated_at: record.rotatedAt.getTime(),
    page_token_hash: record.pageTokenHash,
    ended_at: optionalInstant(record.endedAt),
  }
}

export function sessionOf(row: Schema['sessions']): PersonSession {
  return {
    id: row.id,
    user: row.user_name,
    provider: row.provider,
    signedInAt: instantOf(row.signed_in_at),
    endsAt: instantOf(row.ends_at),
    generation: row.generation,
    rotatedAt: instantOf(row.rotated_at),
    pageTokenHash: row.page_token_hash,
    ...presentInstant('endedAt', row.ended_at),
  }
}

function linkOf({ provider, subject, user_name, created_at }: Schema['user_links']): UserLink {
  return { provider, subject, user: user_name, createdAt: instantOf(created_at) }
}
