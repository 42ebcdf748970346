// Leases of jobs, and the tokens that they rotate (enrollment/lease-store.ts).
import { sql, type SqlBool } from 'kysely'
import type { LeaseState, LeaseStore } from '../enrollment/lease-store.ts'
import { present } from './columns.ts'
import { StorageUnavailable } from './errors.ts'
import { IS_ACTIVE, jobOf } from './job-table.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function leaseTables(session: Session): LeaseStore {
  return { ...stateTable(session), ...lapses(session), ...supersededTable(session) }
}

function stateTable(session: Session) {
  const find = session.prepareRead((p: { only_row: 1 }) =>
    session.sql.selectFrom('lease_state').selectAll().where('only_row', '=', p.only_row),
  )
  const set = session.prepareChange((p: Omit<Schema['lease_state'], 'only_row'>) =>
    session.sql
      .updateTable('lease_state')
      .set({ clock: p.clock, released_until: p.released_until, paused_at: p.paused_at })
      .where('only_row', '=', 1),
  )
  return {
    leaseState: async (lock) => {
      const [row] = await find(lock, { only_row: 1 })
      if (row === undefined) throw new StorageUnavailable('the lease clock is missing')
      return { clock: row.clock, releasedUntil: row.released_until, ...present('pausedAt', row.paused_at) }
    },
    setLeaseState: async ({ clock, releasedUntil, pausedAt }) => {
      await set({ clock, released_until: releasedUntil, paused_at: pausedAt ?? null })
    },
  } satisfies Partial<LeaseStore>
}

function lapses(session: Session) {
  const any = session.prepare(() => session.sql.selectFrom('jobs').select('id').where(IS_ACTIVE).limit(1))
  const count = (rows: string) => sql<number>`(select count(*) from jobs where ${sql.raw(rows)}`
  const active = session.prepare(() =>
    session.sql
      .selectFrom('jobs')
      .select((row) => row.fn.countAll<number>().as('jobs'))
      .where(IS_ACTIVE),
  )
  const counted = session.prepare((p: { clock: number; released: number; after: number }) =>
    session.sql
      .selectFrom('lease_state')
      .select([
        sql<number>`${count(`status = 'active' and lease_until <= `)}${p.clock} and lease_until > ${p.released})`.as(
          'lapsed',
        ),
        sql<number>`${count('lapsed_at is not null and lapsed_at > ')}${p.after})`.as('ended'),
      ]),
  )
  const until = (p: { until: number; limit: number }) =>
    session.sql
      .selectFrom('jobs')
      .selectAll()
      .where(IS_ACTIVE)
      .where('lease_until', '<=', p.until)
      .orderBy('lease_until')
      .limit(p.limit)
  const lapsed = session.prepareRead(until)
  const bare = session.prepareRead((p: { until: number; at: number; limit: number }) =>
    until(p).where(
      sql<SqlBool>`not exists (
        select 1 from certificates where identity = 'job:' || jobs.id and not_after >= ${p.at}
      )`,
    ),
  )
  return {
    anyActiveJob: async () => (await any({})).length > 0,
    countActiveJobs: async () => (await active({}))[0]?.jobs ?? 0,
    countLapses: async ({ clock, releasedUntil }: LeaseState, after) => {
      const [row] = await counted({ clock, released: releasedUntil, after })
      return { lapsed: row?.lapsed ?? 0, ended: row?.ended ?? 0 }
    },
    lapsedJobs: async (until, limit) => (await lapsed('update', { until, limit })).map(jobOf),
    bareLapsedJobs: async (until, at, limit) => (await bare('update', { until, at: at.getTime(), limit })).map(jobOf),
  } satisfies Partial<LeaseStore>
}

function supersededTable(session: Session) {
  const insert = session.prepareChange((p: Schema['superseded_tokens']) =>
    session.sql
      .insertInto('superseded_tokens')
      .values({ jti: p.jti, ends_at: p.ends_at })
      .onConflict((conflict) => conflict.column('jti').doNothing()),
  )
  // Deleting decides who gets it.
  const take = session.prepare((p: { at: number; limit: number }) =>
    session.sql
      .deleteFrom('superseded_tokens')
      .where('jti', 'in', (rows) =>
        rows
          .selectFrom('superseded_tokens')
          .select('jti')
          .where('ends_at', '<=', p.at)
          .orderBy('ends_at')
          .limit(p.limit),
      )
      .returning('jti'),
  )
  return {
    supersedeToken: async (jti, endsAt) => {
      await insert({ jti, ends_at: endsAt.getTime() })
    },
    takeSupersededTokens: async (at, limit) => (await take({ at: at.getTime(), limit })).map(({ jti }) => jti),
  } satisfies Partial<LeaseStore>
}
