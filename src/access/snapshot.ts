// What a decision sees: the policy in memory, as of one revision of the change log.
//
// "Immutable" is met by the order of events, not by the data structure. A decision is synchronous and so is `apply`; one
// thread runs both, so nothing can change while a decision looks, and the decision holds no part of the view when it
// returns. Whoever needs the view for longer than one synchronous call (writing it out for a sidecar) copies what it needs
// within one call. A persistent structure would buy views that outlive a change, which nobody asks for, and would make
// every look-up slower. Readers get the `Snapshot` interface, which has no way to change anything; entries are frozen.
//
// What has ended is not in the view: a deleted user, project, account, service or deployment and a removed member are `undefined`.
import type { AccessRules, CertificateDialect, DeploymentPolicy, GroupAccessMode } from '../domain/access-policy.ts'
import type { ApiKeyReach } from '../domain/api-key.ts'
import type { ApiScope } from '../domain/api-scope.ts'
import type { PlatformRole, ProjectRole, ServiceRole } from '../domain/change.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import type { Quarantine } from '../domain/quarantine.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { SidecarName } from '../domain/sidecar-name.ts'
import type { SystemUser } from '../domain/system-user.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'

export interface UserView {
  readonly name: UserName
  readonly status: 'active' | 'blocked'
  readonly platformRole: PlatformRole
}

export interface ProjectView {
  readonly name: ProjectName
}

/** The row of a member alone: the identity is current only if user and project are active too. */
export interface MemberView {
  readonly project: ProjectName
  readonly user: UserName
  readonly role: ProjectRole
}

/** The row of an account alone: the identity is current only if its project is active too. */
export interface AccountView {
  readonly project: ProjectName
  readonly account: ServiceAccountName
}

export interface ServiceView {
  readonly name: ServiceName
  readonly systemUser: SystemUser
  readonly dnsNames: readonly DnsName[]
  readonly roles: ReadonlySet<ServiceRole>
  /** Projects a launcher may start jobs in. */
  readonly projects: ReadonlySet<ProjectName>
}

export interface DeploymentView {
  readonly name: DeploymentName
  readonly project: ProjectName
  readonly host: DnsName
  /** The service that serves it, and may ask about it. */
  readonly service: ServiceName
  readonly serviceCallers: ReadonlySet<ServiceName>
  /** As it was put; the sets below are of it. */
  readonly policy: DeploymentPolicy
  readonly authModes: ReadonlySet<string>
  readonly externalGroups: readonly string[]
  readonly unprotectedPaths: ReadonlySet<string>
  readonly delegates: ReadonlySet<string>
  readonly deniedPrincipals: ReadonlySet<string>
}

export interface ModelGroupView {
  readonly id: string
  readonly name: string
  /** Absent: made while model access control was off, and public. */
  readonly owner?: string
  readonly access: GroupAccessMode
  readonly roles: readonly string[]
}

export interface ModelView {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly group?: string
  readonly creator: string
  readonly hidden: boolean
  readonly enabled: boolean
}

export interface ProxyView {
  readonly name: string
  readonly service: ServiceName
  readonly certificateDialect: CertificateDialect
  readonly hops: number
  readonly deployments: ReadonlySet<string> | 'all'
}

export interface SidecarView {
  readonly name: SidecarName
  readonly service: ServiceName
  readonly deployments: ReadonlySet<DeploymentName>
}

/** Who holds a role of OpenSearch. */
export interface RoleMappingView {
  readonly role: string
  readonly users: ReadonlySet<string>
  readonly backendRoles: ReadonlySet<string>
}

/** A key. That it was ended, has expired, or that its user is blocked, is for the reader to see. */
export interface ApiKeyView {
  readonly prefix: string
  readonly user: UserName
  readonly salt: string
  readonly hash: string
  readonly scopes: ReadonlySet<ApiScope>
  readonly reach: ApiKeyReach
  readonly deployments: ReadonlySet<string> | 'all'
  readonly expiresAt: Date
  /** An ended one is remembered until it would have expired, so that the reason can be told. */
  readonly status: 'active' | 'ended'
}

/** A session that has not ended by an act; that its time is over is for the reader to see. Instants in milliseconds. */
export interface SessionView {
  readonly id: string
  readonly user: UserName
  readonly provider: string
  readonly signedInAt: number
  readonly endsAt: number
  readonly generation: number
  readonly rotatedAt: number
  readonly pageTokenHash: string
}

/** What a user's provider said at the last sign-in. */
export interface SignInView {
  readonly user: UserName
  readonly provider: string
  readonly subject: string
  /** Exactly as the provider wrote them: compared code unit by code unit. */
  readonly groups: ReadonlySet<string>
  /** When the groups were so. Milliseconds. */
  readonly at: number
}

/** Look-ups take plain texts: names are compared byte for byte, and a text that is no name finds nothing. */
export interface Snapshot {
  /** Number of the last change that is in it. */
  readonly revision: number
  /** The highest number that was heard of. `revision` is behind it while a change is missing. */
  readonly expectedRevision: number
  /** After a restore nothing is decided until an operator has confirmed what there is. */
  readonly quarantine: Quarantine
  /** When it was last known to be complete, in monotonic milliseconds; -Infinity before, and while it is known not to be. */
  readonly confirmedAtMilliseconds: number
  /** From this age on nothing may be decided with it. */
  readonly staleAfterMilliseconds: number
  user(name: string): UserView | undefined
  project(name: string): ProjectView | undefined
  member(project: string, user: string): MemberView | undefined
  account(project: string, account: string): AccountView | undefined
  service(name: string): ServiceView | undefined
  deployment(name: string): DeploymentView | undefined
  /** `host` as deployments keep it: lower case, without port and trailing dot (`routeHost`). Several share it by path. */
  deploymentsOfHost(host: string): readonly DeploymentView[]
  model(id: string): ModelView | undefined
  modelGroup(id: string): ModelGroupView | undefined
  /** Of the service that shows its own certificate. */
  proxyOf(service: string): ProxyView | undefined
  sidecar(name: string): SidecarView | undefined
  /** Backend roles that administrators gave the user. */
  assignedRoles(user: string): ReadonlySet<string>
  roleMapping(role: string): RoleMappingView | undefined
  /** Whether a model has that id or name. */
  isModel(text: string): boolean
  /**
   * Until when what is known of an issuer's revocations may be relied on, in milliseconds since the epoch: for ever where the
   * inventory itself is read, to the end of its last CRL elsewhere.
   */
  revocationsGoodUntil(issuer: string): number
  readonly modelAccessControl: 'enabled' | 'disabled'
  readonly rules: AccessRules
  /** Looks through all of them: for questions about tokens, not for decisions. */
  deploymentsServedBy(service: string): readonly DeploymentView[]
  revocation(issuer: string, serial: string): 'revoked' | 'held' | undefined
  tokenRevoked(jti: string): boolean
  apiKey(prefix: string): ApiKeyView | undefined
  session(id: string): SessionView | undefined
  /** Undefined: never signed in. */
  signIn(user: string): SignInView | undefined
  /** Projects of which the user is a member: looks through all of them. For lists, not for decisions. */
  membershipsOf(user: string): readonly MemberView[]
}
