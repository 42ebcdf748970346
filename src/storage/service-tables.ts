// Services and their DNS names (directory/directory-store.ts). A DNS name that a service ever
// had stays that service's: a certificate with it may still be in use, and a name never means two things.
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { Service } from '../directory/entities.ts'
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import { NameTaken } from '../domain/name-taken.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { UserName } from '../domain/user-name.ts'
import { type ServiceOwner, textOfOwner } from '../domain/service-owner.ts'
import { decodeList, encodeList, instantOf, optionalInstant, present, presentInstant } from './columns.ts'
import { readPage } from './cursor.ts'
import { RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export type ServiceTables = Pick<
  DirectoryStore,
  'insertService' | 'service' | 'updateService' | 'listServices' | 'serviceOfDnsName'
>

export function serviceTables(session: Session): ServiceTables {
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
  const holder = session.prepare((p: { name: DnsName }) =>
    session.sql.selectFrom('service_dns_names').select('service').where('dns_name', '=', p.name),
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
    serviceOfDnsName: async (name) => (await holder({ name }))[0]?.service,
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
