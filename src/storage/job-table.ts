// The jobs that launchers start (directory/directory-store.ts), with the columns of their leases.
import { sql, type SqlBool } from 'kysely'
import type { DirectoryStore, JobsOf } from '../directory/directory-store.ts'
import type { Job } from '../directory/entities.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { instantOf, optionalInstant, present, presentInstant } from './columns.ts'
import { readPage } from './cursor.ts'
import { RecordExists, RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export type JobTable = Pick<
  DirectoryStore,
  'insertJob' | 'job' | 'updateJob' | 'endedJobs' | 'activeJobsOf' | 'activeJobsLaunchedBy' | 'listJobs'
>

type JobRow = Omit<Schema['jobs'], 'position'>

/** Written out, because an index of a part of the table is used only when the text of its condition is there. */
export const IS_ACTIVE = sql<SqlBool>`status = 'active'`

export function jobTable(session: Session): JobTable {
  const { insert, find, update } = jobRows(session)
  const { ended, active, launched } = activeJobs(session)
  return {
    insertJob: async (job) => {
      const kept = await insert(jobRow(job))
      if (kept === 0) throw new RecordExists('job', job.id)
    },
    job: async (id, lock) => {
      const [row] = await find(lock, { id })
      return row && jobOf(row)
    },
    updateJob: async (job) => {
      const kept = await update(jobRow(job))
      if (kept === 0) throw new RecordMissing('job', job.id)
    },
    endedJobs: async (at, limit) => (await ended('update', { at: at.getTime(), limit })).map(jobOf),
    activeJobsOf: async (project, user) => (await active({ project, user })).map(jobOf),
    activeJobsLaunchedBy: async (launcher) => (await launched({ launcher })).map(jobOf),
    listJobs: (of, status, at, page) =>
      readPage(page, {
        name: `jobs ${Object.values(of).join(' ')} ${status}`,
        start: [Number.MAX_SAFE_INTEGER] as const,
        fetch: ([before], limit) => session.query(listed(session, of, status, at.getTime(), before).limit(limit)),
        keyOf: (row) => [row.position] as const,
        itemOf: jobOf,
      }),
  }
}

function jobRows(session: Session) {
  const insert = session.prepareChange((p: JobRow) =>
    session.sql
      .insertInto('jobs')
      .values({
        id: p.id,
        kind: p.kind,
        project: p.project,
        user_name: p.user_name,
        launcher: p.launcher,
        status: p.status,
        started_at: p.started_at,
        ends_at: p.ends_at,
        lease_seconds: p.lease_seconds,
        lease_until: p.lease_until,
        lapsed_at: p.lapsed_at,
        finished_at: p.finished_at,
      })
      .onConflict((conflict) => conflict.column('id').doNothing()),
  )
  const find = session.prepareRead((p: { id: string }) =>
    session.sql.selectFrom('jobs').selectAll().where('id', '=', p.id),
  )
  const update = session.prepareChange((p: JobRow) =>
    session.sql
      .updateTable('jobs')
      .set({
        status: p.status,
        ends_at: p.ends_at,
        lease_until: p.lease_until,
        lapsed_at: p.lapsed_at,
        finished_at: p.finished_at,
      })
      .where('id', '=', p.id),
  )
  return { insert, find, update }
}

function activeJobs(session: Session) {
  const ended = session.prepareRead((p: { at: number; limit: number }) =>
    session.sql
      .selectFrom('jobs')
      .selectAll()
      .where(IS_ACTIVE)
      .where('ends_at', '<=', p.at)
      .orderBy('ends_at')
      .limit(p.limit),
  )
  const active = session.prepare((p: { project: ProjectName; user: Job['user'] }) =>
    session.sql
      .selectFrom('jobs')
      .selectAll()
      .where('project', '=', p.project)
      .where('user_name', '=', p.user)
      .where('status', '=', 'active')
      .orderBy('position'),
  )
  const launched = session.prepare((p: { launcher: ServiceName }) =>
    session.sql
      .selectFrom('jobs')
      .selectAll()
      .where('launcher', '=', p.launcher)
      .where('status', '=', 'active')
      .orderBy('position'),
  )
  return { ended, active, launched }
}

function listed(session: Session, of: JobsOf, status: Job['status'] | 'any', at: number, before: number) {
  const all = session.sql.selectFrom('jobs').selectAll().where('position', '<', before).orderBy('position', 'desc')
  const whose = of.kind === 'launcher' ? all.where('launcher', '=', of.launcher) : all.where('project', '=', of.project)
  const theirs = of.kind === 'holder' ? whose.where('user_name', '=', of.user) : whose
  if (status === 'any') return theirs
  if (status === 'finished') {
    return theirs.where((row) => row.or([row('status', '=', 'finished'), row('ends_at', '<=', at)]))
  }
  const isGoingOn = sql<SqlBool>`(ends_at is null or ends_at > ${at})`
  return theirs.where('status', '=', 'active').where(isGoingOn)
}

function jobRow(job: Job): JobRow {
  const { id, kind, project, user: user_name, launcher, status } = job
  return {
    id,
    kind,
    project,
    user_name,
    launcher,
    status,
    started_at: job.startedAt.getTime(),
    ends_at: optionalInstant(job.endsAt),
    lease_seconds: job.leaseSeconds,
    lease_until: job.leaseUntil,
    lapsed_at: job.lapsedAt ?? null,
    finished_at: optionalInstant(job.finishedAt),
  }
}

export function jobOf(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    project: row.project,
    user: row.user_name,
    launcher: row.launcher,
    status: row.status,
    startedAt: instantOf(row.started_at),
    ...presentInstant('endsAt', row.ends_at),
    leaseSeconds: row.lease_seconds,
    leaseUntil: row.lease_until,
    ...present('lapsedAt', row.lapsed_at),
    ...presentInstant('finishedAt', row.finished_at),
  }
}
