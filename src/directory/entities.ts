// The people, projects and services of an installation, as the directory keeps them. Ownership and history hang on the
// immutable `id`; a name that was deleted stays taken for ever (a tombstone), so a name never means two things.
import type { PlatformRole, ProjectRole, ServiceRole, UserStatus } from '../domain/change.ts'
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import type { ServiceOwner } from '../domain/service-owner.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { SystemUser } from '../domain/system-user.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'

export interface User {
  readonly id: string
  readonly name: UserName
  readonly status: UserStatus
  readonly platformRole: PlatformRole
  readonly createdAt: Date
}

export interface Project {
  readonly id: string
  readonly name: ProjectName
  readonly status: 'active' | 'deleted'
  readonly createdAt: Date
}

export interface Member {
  readonly id: string
  readonly project: ProjectName
  readonly user: UserName
  readonly role: ProjectRole
  readonly status: 'active' | 'removed'
  readonly createdAt: Date
  /** Who added it the last time, as audit events write an actor: an administrator's replacement is seen by the members. */
  readonly addedBy?: string
}

/** A member together with what it hangs on: all three must be active for the member to have an identity. */
export interface Membership {
  readonly member: Member
  readonly user: Pick<User, 'status' | 'platformRole'>
  readonly project: Pick<Project, 'status'>
}

/** A project's own non-human member: an identity of its own, which ends with itself or with its project. */
export interface ServiceAccount {
  readonly id: string
  readonly project: ProjectName
  readonly name: ServiceAccountName
  readonly status: 'active' | 'deleted'
  /** Who added it: an actor as audit events write it. */
  readonly createdBy: string
  readonly createdAt: Date
}

export interface Service {
  readonly id: string
  /** Its common name: one chosen DNS name (CP §3.1). */
  readonly name: ServiceName
  /** All DNS names of its certificate, `name` included; each belongs to one service alone. */
  readonly dnsNames: readonly DnsName[]
  readonly systemUser: SystemUser
  readonly roles: readonly ServiceRole[]
  /** Projects whose deployments it may serve and, as a launcher, in which it may start jobs. */
  readonly projects: readonly ProjectName[]
  /** Who answers for it. */
  readonly owner?: ServiceOwner
  /** The longest that one of its keys is used. */
  readonly rotateEverySeconds?: number
  /** Keys from before this instant are to be replaced. */
  readonly rotationAskedAt?: Date
  readonly status: 'active' | 'deleted'
  readonly createdAt: Date
}

/** A job has an end of its own; notebooks and deployments last for as long as their lease is kept. */
export type JobKind = 'job' | 'notebook' | 'deployment'

/** A job of a member or a service account, started by a launcher; its certificate names it as OU. */
export interface Job {
  readonly id: string
  readonly kind: JobKind
  readonly project: ProjectName
  /** Whom it acts as. */
  readonly user: UserName | ServiceAccountName
  readonly launcher: ServiceName
  readonly status: 'active' | 'finished'
  readonly startedAt: Date
  /** It ends here at the latest, whatever the launcher says. Absent for notebooks and deployments. */
  readonly endsAt?: Date
  /** A heartbeat keeps it for so long. */
  readonly leaseSeconds: number
  /** When its lease lapses, in milliseconds of the lease clock (enrollment/lease-store.ts). */
  readonly leaseUntil: number
  /** When it was ended because its lease had lapsed, by the same clock. */
  readonly lapsedAt?: number
  readonly finishedAt?: Date
}
