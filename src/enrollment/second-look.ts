// The second look: inside the recording transaction, under lock, is everything that the act relied on still there? What
// ends an identity takes the same rows for update, so whichever comes first is seen by the other (CP §4.3).
import { actorOf, type Caller, type CallerCertificate, type JobHolder } from '../domain/caller.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import { validityAt } from '../domain/validity.ts'
import type { CertificateStanding } from '../ca/inventory.ts'
import type { Membership, Service, ServiceAccount, User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import { EnrollmentRefused } from './errors.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** The membership, when user, project and member are all active. Throws `DirectoryRefused`. */
export async function activeMembership(
  tx: UnitOfWork,
  project: ProjectName,
  user: UserName,
  lock: 'share' | 'update',
): Promise<Membership> {
  const membership = await tx.membership(project, user, lock)
  if (membership?.project.status !== 'active' || membership.member.status !== 'active') {
    throw new DirectoryRefused('member_unknown', { project, user })
  }
  if (membership.user.status !== 'active') throw new DirectoryRefused('user_blocked', { user })
  return membership
}

/** The service account, when it and its project are active. The project is held for `share`. Throws `DirectoryRefused`. */
export async function activeAccount(
  tx: UnitOfWork,
  project: ProjectName,
  account: ServiceAccountName,
  lock: 'share' | 'update',
): Promise<ServiceAccount> {
  const found = await tx.project(project, 'share')
  const row = found?.status === 'active' ? await tx.account(project, account, lock) : undefined
  if (row?.status !== 'active') throw new DirectoryRefused('account_unknown', { project, account })
  return row
}

/** Whom a job acts as, still active, held for `share`. Throws `DirectoryRefused`. */
export async function activeHolder(tx: UnitOfWork, project: ProjectName, holder: JobHolder): Promise<void> {
  if (holder.kind === 'member') await activeMembership(tx, project, holder.user, 'share')
  else await activeAccount(tx, project, holder.account, 'share')
}

/** Throws `DirectoryRefused`. */
export async function activeService(tx: UnitOfWork, name: ServiceName, lock: 'share' | 'update'): Promise<Service> {
  const service = await tx.service(name, lock)
  if (service?.status !== 'active') throw new DirectoryRefused('service_unknown', { service: name })
  return service
}

/** The caller's own certificate, still good at `at`. Throws `EnrollmentRefused('requester_ended')`. */
async function goodCertificate(tx: UnitOfWork, certificate: CallerCertificate, at: Date): Promise<CertificateStanding> {
  const record = await tx.certificateStanding(certificate.serial, 'share')
  if (record?.status !== 'good' || validityAt(record.validity, at) !== 'valid') {
    throw new EnrollmentRefused('requester_ended', { serial: certificate.serial })
  }
  return record
}

/**
 * Whether the caller still is who it was when it connected. Gives the standing of its certificate, or undefined for the
 * operator at the machine. Throws `EnrollmentRefused` or `DirectoryRefused`.
 */
export async function callerStillGood(
  tx: UnitOfWork,
  caller: Caller,
  at: Date,
): Promise<CertificateStanding | undefined> {
  switch (caller.kind) {
    case 'anonymous':
      throw new EnrollmentRefused('unauthenticated')
    case 'offline':
      return undefined
    case 'member':
      await activeMembership(tx, caller.project, caller.user, 'share')
      return goodCertificate(tx, caller.certificate, at)
    case 'job': {
      await activeHolder(tx, caller.project, caller.runsAs)
      const job = await tx.job(caller.jobId, 'share')
      if (job?.status !== 'active') throw new DirectoryRefused('job_finished', { job: caller.jobId })
      return goodCertificate(tx, caller.certificate, at)
    }
    case 'account':
      await activeAccount(tx, caller.project, caller.account, 'share')
      return goodCertificate(tx, caller.certificate, at)
    case 'service':
      await activeService(tx, caller.name, 'share')
      return goodCertificate(tx, caller.certificate, at)
    case 'admin': {
      const user = await tx.user(caller.user, 'share')
      if (user?.status !== 'active' || user.platformRole !== 'admin') {
        throw new EnrollmentRefused('not_permitted', { actor: actorOf(caller) })
      }
      return goodCertificate(tx, caller.certificate, at)
    }
    case 'api-key':
      await activeUser(tx, caller)
      await liveApiKey(tx, caller, at)
      return undefined
    case 'session':
      await activeUser(tx, caller)
      await goodSession(tx, caller, at)
      return undefined
    default:
      return caller satisfies never
  }
}

type Person = Extract<Caller, { readonly kind: 'session' | 'api-key' }>

async function activeUser(tx: UnitOfWork, caller: Person): Promise<User> {
  const user = await tx.user(caller.user, 'share')
  if (user?.status !== 'active') throw new EnrollmentRefused('requester_ended', { user: caller.user })
  return user
}

/** A certificate that was replaced works until its overlap is over, and buys no other. Throws `EnrollmentRefused`. */
export function refuseReplaced(standing: Pick<CertificateStanding, 'replacedBy'> | undefined): void {
  if (standing?.replacedBy === undefined) return
  throw new EnrollmentRefused('certificate_replaced', { by: standing.replacedBy })
}

async function liveApiKey(tx: UnitOfWork, { prefix }: Extract<Person, { kind: 'api-key' }>, at: Date): Promise<void> {
  const record = await tx.apiKey(prefix, 'share')
  if (record === undefined || record.expiresAt <= at) throw new EnrollmentRefused('requester_ended', { prefix })
}

async function goodSession(
  tx: UnitOfWork,
  caller: Extract<Caller, { readonly kind: 'session' }>,
  at: Date,
): Promise<void> {
  const session = await tx.session(caller.sessionId, 'share')
  const isOver = session === undefined || session.endedAt !== undefined || session.endsAt <= at
  if (isOver || session.user !== caller.user) throw new EnrollmentRefused('requester_ended', { user: caller.user })
}

/** The caller is an administrator, or the operator at the machine. Throws `EnrollmentRefused`. */
export async function requireAdministrator(tx: UnitOfWork, caller: Caller, at: Date): Promise<void> {
  if (caller.kind === 'anonymous') throw new EnrollmentRefused('unauthenticated')
  if (caller.kind === 'session') {
    await callerStillGood(tx, caller, at)
    const { platformRole } = await activeUser(tx, caller)
    if (caller.administers === 'never' || platformRole !== 'admin') throw notPermitted(caller)
    return
  }
  if (caller.kind !== 'admin' && caller.kind !== 'offline') throw notPermitted(caller)
  await callerStillGood(tx, caller, at)
}

/** Whether the caller is an active owner of the project, looked up under lock. */
export async function isOwner(tx: UnitOfWork, caller: Caller, project: ProjectName, at: Date): Promise<boolean> {
  if (caller.kind === 'session') {
    await callerStillGood(tx, caller, at)
    const found = await tx.membership(project, caller.user, 'share')
    return found?.project.status === 'active' && found.member.status === 'active' && found.member.role === 'owner'
  }
  if (caller.kind !== 'member' || caller.project !== project) return false
  await callerStillGood(tx, caller, at)
  const membership = await activeMembership(tx, caller.project, caller.user, 'share')
  return membership.member.role === 'owner'
}

export function notPermitted(caller: Caller): EnrollmentRefused {
  return caller.kind === 'anonymous'
    ? new EnrollmentRefused('unauthenticated')
    : new EnrollmentRefused('not_permitted', { actor: actorOf(caller) })
}
