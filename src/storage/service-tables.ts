// Services, their DNS names and the jobs that launchers start (directory/directory-store.ts). A DNS name that a service ever
// had stays that service's: a certificate with it may still be in use, and a name never means two things.
import { sql, type SqlBool } from 'kysely'
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { Job, Service } from '../directory/entities.ts'
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import { NameTaken } from '../domain/name-taken.ts'
import { type ServiceOwner, textOfOwner } from '../domain/service-owner.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { UserName } from '../domain/user-name.ts'
import { decodeList, encodeList, instantOf, optionalInstant, present, presentInstant } from './columns.ts'
import { readPage } from './cursor.ts'
import { RecordExists, RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export type ServiceTables = Pick<
  DirectoryStore,
  | 'insertService'
  | 'service'
  | 'updateService'
  | 'listServices'
  | 'insertJob'
  | 'job'
  | 'updateJob'
  | 'endedJobs'
  | 'activeJobsOf'
  | 'activeJobsLaunchedBy'
  | 'listJobs'
>

export function serviceTables(session: Session): ServiceTables {
  return { ...serviceTable(session), ...jobTable(session) }
}

function serviceTable(session: Session) {
  const claimDnsName = dnsNames(session)
  const insert = session.prepareChange((p: Schema['services']) =>
    session.sql
      .insertInto('services')
      .values({
        id: p.id,
        name: p.name,
        dns_names: p.dns_names,
        system_user: p.system_user,
        roles: p.roles,
        projects: p.projects,
        owner: p.owner,
        rotate_every: p.rotate_every,
        rotation_asked_at: p.rotation_asked_at,
        status: p.status,
        created_at: p.created_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const find = session.prepareRead((p: { name: ServiceName }) =>
    session.sql.selectFrom('services').selectAll().where('name', '=', p.name),
  )
  const update = session.prepareChange((p: Omit<Schema['services'], 'id' | 'created_at'>) =>
    session.sql
      .updateTable('services')
      .set({
        dns_names: p.dns_names,
        system_user: p.system_user,
        roles: p.roles,
        projects: p.projects,
        owner: p.owner,
        rotate_every: p.rotate_every,
        rotation_asked_at: p.rotation_asked_at,
        status: p.status,
      })
      .where('name', '=', p.name),
  )
  const list = session.prepare((p: { after: ServiceName; limit: number }) =>
    session.sql.selectFrom('services').selectAll().where('name', '>', p.after).orderBy('name').limit(p.limit),
  )
  return {
    insertService: async (service) => {
      const kept = await insert(serviceRow(service))
      if (kept === 0) throw new NameTaken('name_taken', { service: service.name })
      await claimDnsName(service)
    },
    service: async (name, lock) => {
      const [row] = await find(lock, { name })
      return row && serviceOf(row)
    },
    updateService: async (service) => {
      const kept = await update(serviceRow(service))
      if (kept === 0) throw new RecordMissing('service', service.name)
      await claimDnsName(service)
    },
    listServices: (page) =>
      readPage(page, {
        name: 'services',
        start: ['' as ServiceName] as const,
        fetch: ([after], limit) => list({ after, limit }),
        keyOf: (row) => [row.name] as const,
        itemOf: serviceOf,
      }),
  } satisfies Partial<ServiceTables>
}

/** Takes all DNS names of a service, its own name included. Throws `NameTaken`. */
function dnsNames(session: Session): (service: Service) => Promise<void> {
  // The update of a row that is there changes nothing, and returns whose it is.
  const claim = session.prepare((p: Schema['service_dns_names']) =>
    session.sql
      .insertInto('service_dns_names')
      .values({ dns_name: p.dns_name, service: p.service })
      .onConflict((conflict) =>
        conflict.column('dns_name').doUpdateSet((row) => ({ service: row.ref('service_dns_names.service') })),
      )
      .returning('service'),
  )
  return async ({ name, dnsNames }) => {
    // In one order, so that two services that want each other's names do not deadlock.
    for (const dns_name of [...new Set<DnsName>([name, ...dnsNames])].sort()) {
      const [row] = await claim({ dns_name, service: name })
      if (row?.service !== name) throw new NameTaken('name_taken', { dnsName: dns_name })
    }
  }
}

/** Written out, because an index of a part of the table is used only when the text of its condition is there. */
const IS_ACTIVE = sql<SqlBool>`status = 'active'`

function jobTable(session: Session) {
  const insert = session.prepareChange((p: Omit<Schema['jobs'], 'position'>) =>
    session.sql
      .insertInto('jobs')
      .values({
        id: p.id,
        project: p.project,
        user_name: p.user_name,
        launcher: p.launcher,
        status: p.status,
        started_at: p.started_at,
        ends_at: p.ends_at,
        finished_at: p.finished_at,
      })
      .onConflict((conflict) => conflict.column('id').doNothing()),
  )
  const find = session.prepareRead((p: { id: string }) =>
    session.sql.selectFrom('jobs').selectAll().where('id', '=', p.id),
  )
  const update = session.prepareChange((p: Pick<Schema['jobs'], 'id' | 'status' | 'ends_at' | 'finished_at'>) =>
    session.sql
      .updateTable('jobs')
      .set({ status: p.status, ends_at: p.ends_at, finished_at: p.finished_at })
      .where('id', '=', p.id),
  )
  const ended = session.prepareRead((p: { at: number; limit: number }) =>
    session.sql
      .selectFrom('jobs')
      .selectAll()
      .where(IS_ACTIVE)
      .where('ends_at', '<=', p.at)
      .orderBy('ends_at')
      .limit(p.limit),
  )
  const active = session.prepare((p: { project: ProjectName; user: UserName }) =>
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
  const list = (launcher: ServiceName, status: Job['status'] | 'any', at: number, before: number, limit: number) => {
    const query = session.sql
      .selectFrom('jobs')
      .selectAll()
      .where('launcher', '=', launcher)
      .where('position', '<', before)
      .orderBy('position', 'desc')
      .limit(limit)
    if (status === 'any') return session.query(query)
    if (status === 'active') return session.query(query.where('status', '=', 'active').where('ends_at', '>', at))
    return session.query(query.where((row) => row.or([row('status', '=', 'finished'), row('ends_at', '<=', at)])))
  }
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
    listJobs: (launcher, status, at, page) =>
      readPage(page, {
        name: `jobs ${launcher} ${status}`,
        start: [Number.MAX_SAFE_INTEGER] as const,
        fetch: ([before], limit) => list(launcher, status, at.getTime(), before, limit),
        keyOf: (row) => [row.position] as const,
        itemOf: jobOf,
      }),
  } satisfies Partial<ServiceTables>
}

function serviceRow(service: Service): Schema['services'] {
  const { id, name, dnsNames, systemUser, roles, projects, status, createdAt } = service
  return {
    id,
    name,
    dns_names: encodeList(dnsNames),
    system_user: systemUser,
    roles: encodeList(roles),
    projects: encodeList(projects),
    owner: service.owner === undefined ? null : textOfOwner(service.owner),
    rotate_every: service.rotateEverySeconds ?? null,
    rotation_asked_at: optionalInstant(service.rotationAskedAt),
    status,
    created_at: createdAt.getTime(),
  }
}

/** It was parsed before it was written. */
function ownerOf(text: string): ServiceOwner {
  const [kind, name = ''] = text.split(':')
  return kind === 'user' ? { kind, user: name as UserName } : { kind: 'project', project: name as ProjectName }
}

export function serviceOf(row: Schema['services']): Service {
  return {
    id: row.id,
    name: row.name,
    dnsNames: decodeList(row.dns_names),
    systemUser: row.system_user,
    roles: decodeList(row.roles),
    projects: decodeList(row.projects),
    ...(row.owner === null ? {} : { owner: ownerOf(row.owner) }),
    ...present('rotateEverySeconds', row.rotate_every),
    ...presentInstant('rotationAskedAt', row.rotation_asked_at),
    status: row.status,
    createdAt: instantOf(row.created_at),
  }
}

function jobRow(job: Job): Omit<Schema['jobs'], 'position'> {
  const { id, project, user: user_name, launcher, status } = job
  const instants = { started_at: job.startedAt.getTime(), ends_at: job.endsAt.getTime() }
  return { id, project, user_name, launcher, status, ...instants, finished_at: optionalInstant(job.finishedAt) }
}

function jobOf(row: Omit<Schema['jobs'], 'position'>): Job {
  return {
    id: row.id,
    project: row.project,
    user: row.user_name,
    launcher: row.launcher,
    status: row.status,
    startedAt: instantOf(row.started_at),
    endsAt: instantOf(row.ends_at),
    ...presentInstant('finishedAt', row.finished_at),
  }
}
