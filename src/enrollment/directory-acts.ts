// Who joins and who leaves: users, projects, members and services. What ends an identity revokes what it holds, in the same
// transaction. An administrator names the first owner of a project and replaces a blocked one; owners add everybody else.
import { randomUUID } from 'node:crypto'
import type { Caller } from '../domain/caller.ts'
import type { PlatformRole, ProjectRole, ServiceRole } from '../domain/change.ts'
import { type DnsName, refuseReserved, type ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import { type ServiceOwner, textOfOwner } from '../domain/service-owner.ts'
import type { SystemUser } from '../domain/system-user.ts'
import type { UserName } from '../domain/user-name.ts'
import { refuseOutsideZones } from '../ca/alternative-names.ts'
import type { Member, Project, Service, User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { CustodyRefused } from './custody-refused.ts'
import { keepKey, prepareKey, type PreparedKey } from './custody.ts'
import { EnrollmentRefused } from './errors.ts'
import { keptAsJson } from './idempotency.ts'
import { insertMember, setStatus, shutOut, takeOut } from './member-steps.ts'
import { requireQuota } from './quota.ts'
import { isOwner, notPermitted, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_USER = keptAsJson<User>('createdAt')
const KEPT_PROJECT = keptAsJson<Project>('createdAt')
const KEPT_MEMBER = keptAsJson<Member>('createdAt')
export const KEPT_SERVICE = keptAsJson<Service>('createdAt', 'rotationAskedAt')

/** By an administrator. */
export async function addUser(
  context: ActContext,
  asked: Asked & { readonly name: UserName; readonly platformRole: PlatformRole },
): Promise<User> {
  const { name, platformRole } = asked
  return context.acts.run(async (tx) => {
    const createdAt = context.clock.now()
    await requireAdministrator(tx, asked.caller, createdAt)
    return once(context, tx, asked, KEPT_USER, async () => {
      const user: User = { id: randomUUID(), name, status: 'active', platformRole, createdAt }
      await tx.insertUser(user)
      await tx.change({ kind: 'user', name, status: user.status, platformRole })
      await audit(context, tx, asked, 'user.add', `user:${name}`, { platformRole })
      return user
    })
  })
}

/** By an administrator, who names the first owner and is not it. */
export async function addProject(
  context: ActContext,
  asked: Asked & { readonly name: ProjectName; readonly owner: UserName },
): Promise<Project> {
  const { name, owner } = asked
  projectUserName(name, owner, context.policy.names)
  return context.acts.run(async (tx) => {
    const createdAt = context.clock.now()
    await requireAdministrator(tx, asked.caller, createdAt)
    refuseThemselves(asked.caller, owner)
    return once(context, tx, asked, KEPT_PROJECT, async () => {
      await requireQuota(context, tx, await activeUser(tx, owner, 'update'))
      const project: Project = { id: randomUUID(), name, status: 'active', createdAt }
      await tx.insertProject(project)
      await tx.change({ kind: 'project', name, status: 'active' })
      await audit(context, tx, asked, 'project.add', `project:${name}`, { owner })
      await insertMember(context, tx, asked, { project: name, user: owner, role: 'owner' })
      return project
    })
  })
}

/**
 * By an owner of the project; by an administrator only as the new owner of a project that has no active one left, and never
 * themselves.
 */
export async function addMember(
  context: ActContext,
  asked: Asked & { readonly project: ProjectName; readonly user: UserName; readonly role: ProjectRole },
): Promise<Member> {
  const { caller, project, user, role } = asked
  projectUserName(project, user, context.policy.names)
  const key = await keyIfKept(context, asked)
  return context.acts.run(async (tx) => {
    const isByOwner = await requireMayAdd(context, tx, caller, project)
    return once(context, tx, asked, KEPT_MEMBER, async () => {
      if (!isByOwner) await requireReplacement(tx, asked)
      await requireProjects(tx, [project])
      const found = await activeUser(tx, user, role === 'owner' ? 'update' : 'share')
      if (role === 'owner') await requireQuota(context, tx, found)
      if ((await tx.custodyOf(project)) !== (key !== undefined))
        throw new CustodyRefused('custody_changed', { project })
      const member = await insertMember(context, tx, asked, { project, user, role })
      if (key !== undefined) await keepKey(context, tx, asked, key)
      return member
    })
  })
}

/** Whether the caller is an owner of the project; an administrator is none. Throws `EnrollmentRefused` for anybody else. */
async function requireMayAdd(
  context: ActContext,
  tx: UnitOfWork,
  caller: Caller,
  project: ProjectName,
): Promise<boolean> {
  const now = context.clock.now()
  const isByOwner = await isOwner(tx, caller, project, now)
  if (!isByOwner) await requireAdministrator(tx, caller, now)
  return isByOwner
}

/** In a project in custody, the key and the signed certificate of the member to be: made before the transaction waits for it. */
async function keyIfKept(
  context: ActContext,
  { caller, project, user }: Asked & Pick<Member, 'project' | 'user'>,
): Promise<PreparedKey | undefined> {
  const isKept = await context.acts.run(async (tx) => {
    await requireMayAdd(context, tx, caller, project)
    return tx.custodyOf(project)
  })
  return isKept ? prepareKey(context, { project, user }) : undefined
}

/** What an administrator may add: an owner, where no active one is left, and somebody else. */
async function requireReplacement(
  tx: UnitOfWork,
  { caller, project, user, role }: Asked & Pick<Member, 'project' | 'user' | 'role'>,
): Promise<void> {
  const isReplacement = role === 'owner' && (await tx.countActiveOwners(project)) === 0
  if (!isReplacement) throw notPermitted(caller)
  refuseThemselves(caller, user)
}

/** By an owner; the last active owner stays. Its certificates, tokens and jobs end with it. */
export async function removeMember(
  context: ActContext,
  asked: Asked & { readonly project: ProjectName; readonly user: UserName },
): Promise<Member> {
  const { caller, project, user } = asked
  return context.acts.run(async (tx) => {
    const now = context.clock.now()
    const membership = await tx.membership(project, user, 'update')
    if (!(await isOwner(tx, caller, project, now))) throw notPermitted(caller)
    return once(context, tx, asked, KEPT_MEMBER, async () => {
      if (membership?.member.status !== 'active') throw new DirectoryRefused('member_unknown', { project, user })
      const isActiveOwner = membership.member.role === 'owner' && membership.user.status === 'active'
      if (isActiveOwner && (await tx.countActiveOwners(project)) === 1) {
        throw new DirectoryRefused('last_owner', { project, user })
      }
      return takeOut(context, tx, asked, membership.member)
    })
  })
}

/** By an administrator; never the last one. Every certificate, token and job of the user ends. */
export async function blockUser(context: ActContext, asked: Asked & { readonly name: UserName }): Promise<User> {
  return context.acts.run(async (tx) => {
    const user = await tx.user(asked.name, 'update')
    await requireAdministrator(tx, asked.caller, context.clock.now())
    if (user === undefined || user.status === 'deleted')
      throw new DirectoryRefused('user_unknown', { user: asked.name })
    return once(context, tx, asked, KEPT_USER, async () => {
      if (user.status === 'blocked') return user
      if (user.platformRole === 'admin' && (await tx.countActiveAdministrators()) === 1) {
        throw new DirectoryRefused('last_administrator', { user: user.name })
      }
      return shutOut(context, tx, asked, user)
    })
  })
}

/** By an administrator. What was revoked stays revoked: the user enrols again. */
export async function unblockUser(context: ActContext, asked: Asked & { readonly name: UserName }): Promise<User> {
  return context.acts.run(async (tx) => {
    const user = await tx.user(asked.name, 'update')
    await requireAdministrator(tx, asked.caller, context.clock.now())
    if (user === undefined || user.status === 'deleted')
      throw new DirectoryRefused('user_unknown', { user: asked.name })
    return once(context, tx, asked, KEPT_USER, async () =>
      user.status === 'active' ? user : setStatus(context, tx, asked, user, 'active'),
    )
  })
}

export interface ServiceSettings {
  readonly name: ServiceName
  /** Beside `name`. */
  readonly dnsNames: readonly DnsName[]
  readonly systemUser: SystemUser
  readonly roles: readonly ServiceRole[]
  readonly projects: readonly ProjectName[]
  readonly owner?: ServiceOwner | undefined
  readonly rotateEverySeconds?: number | undefined
}

/** By an administrator: adds the service, or replaces what the directory says of it. */
export async function putService(
  context: ActContext,
  asked: Asked & ServiceSettings & { readonly ifExists: 'replace' | 'refuse' },
): Promise<Service> {
  const dnsNames = [...new Set([asked.name, ...asked.dnsNames])]
  for (const name of dnsNames) refuseReserved(name, context)
  // Refused when the service is added, not when its certificate is asked for.
  refuseOutsideZones(dnsNames, context.issuingKeyFor('service').issuer.authority)
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT_SERVICE, () => writeService(context, tx, asked, dnsNames))
  })
}

async function writeService(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked & ServiceSettings & { readonly ifExists: 'replace' | 'refuse' },
  dnsNames: readonly DnsName[],
): Promise<Service> {
  const { name, systemUser, roles, projects, owner, rotateEverySeconds } = asked
  await requireProjects(tx, projects)
  if (owner !== undefined) await requireOwner(tx, owner)
  const before = await tx.service(name, 'update')
  if (before !== undefined && (asked.ifExists === 'refuse' || before.status === 'deleted')) {
    throw new DirectoryRefused('name_taken', { service: name })
  }
  const service: Service = {
    id: before?.id ?? randomUUID(),
    name,
    dnsNames,
    systemUser,
    roles,
    projects,
    ...(owner === undefined ? {} : { owner }),
    ...(rotateEverySeconds === undefined ? {} : { rotateEverySeconds }),
    ...(before?.rotationAskedAt === undefined ? {} : { rotationAskedAt: before.rotationAskedAt }),
    status: 'active',
    createdAt: before?.createdAt ?? context.clock.now(),
  }
  await (before === undefined ? tx.insertService(service) : tx.updateService(service))
  await tx.change({ kind: 'service', name, systemUser, dnsNames, roles, projects, status: 'active' })
  const details = {
    systemUser,
    dnsNames,
    roles,
    projects,
    ...(owner === undefined ? {} : { owner: textOfOwner(owner) }),
    ...(rotateEverySeconds === undefined ? {} : { rotateEverySeconds }),
  }
  await audit(context, tx, asked, before === undefined ? 'service.add' : 'service.update', `service:${name}`, details)
  return service
}

async function requireOwner(tx: UnitOfWork, owner: ServiceOwner): Promise<void> {
  if (owner.kind === 'project') await requireProjects(tx, [owner.project])
  else await activeUser(tx, owner.user, 'share')
}

async function requireProjects(tx: UnitOfWork, projects: readonly ProjectName[]): Promise<void> {
  for (const project of projects) {
    const found = await tx.project(project, 'share')
    if (found?.status !== 'active') throw new DirectoryRefused('project_unknown', { project })
  }
}

/** For `update` where it is counted what they have: of two at once, the second counts the first. */
async function activeUser(tx: UnitOfWork, name: UserName, lock: 'share' | 'update'): Promise<User> {
  const user = await tx.user(name, lock)
  if (user === undefined || user.status === 'deleted') throw new DirectoryRefused('user_unknown', { user: name })
  if (user.status === 'blocked') throw new DirectoryRefused('user_blocked', { user: name })
  return user
}

function refuseThemselves(caller: Caller, user: UserName): void {
  if ((caller.kind === 'admin' || caller.kind === 'session') && caller.user === user) {
    throw new EnrollmentRefused('not_permitted', { why: 'an administrator does not add themselves to a project' })
  }
}
