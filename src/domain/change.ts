// What the change log carries: each entry is the whole new state of one thing, so that a snapshot is a fold over the log
// and an entry may be applied twice. Dates travel as milliseconds since the epoch, because entries are stored as JSON.
import type { CertificateDialect, DeploymentPolicy, GroupAccessMode } from './access-policy.ts'
import type { ApiKeyReach } from './api-key.ts'
import type { ApiScope } from './api-scope.ts'
import type { CrlScopeKey } from './crl-scope.ts'
import type { DeploymentName } from './deployment-name.ts'
import type { DnsName, ServiceName } from './dns-name.ts'
import type { IssuerId } from './issuer-id.ts'
import type { ProjectName } from './project-name.ts'
import type { RevocationEvent } from './revocation-event.ts'
import type { RevocationReason } from './revocation-reason.ts'
import type { SerialNumber } from './serial-number.ts'
import type { SidecarName } from './sidecar-name.ts'
import type { SystemUser } from './system-user.ts'
import type { ServiceAccountName, UserName } from './user-name.ts'

export type UserStatus = 'active' | 'blocked' | 'deleted'
export type PlatformRole = 'user' | 'admin'
export type ProjectRole = 'owner' | 'scientist'
export type ServiceRole = 'launcher'

export type Change =
  | {
      readonly kind: 'user'
      readonly name: UserName
      readonly status: UserStatus
      readonly platformRole: PlatformRole
    }
  /** A project that is deleted takes its members and accounts along: none of them has an entry of its own. */
  | { readonly kind: 'project'; readonly name: ProjectName; readonly status: 'active' | 'deleted' }
  | {
      readonly kind: 'member'
      readonly project: ProjectName
      readonly user: UserName
      readonly role: ProjectRole
      readonly status: 'active' | 'removed'
    }
  | {
      readonly kind: 'account'
      readonly project: ProjectName
      readonly account: ServiceAccountName
      readonly status: 'active' | 'deleted'
    }
  | {
      readonly kind: 'service'
      readonly name: ServiceName
      readonly systemUser: SystemUser
      readonly dnsNames: readonly DnsName[]
      readonly roles: readonly ServiceRole[]
      /** Projects whose deployments it may serve and, as a launcher, in which it may start jobs. */
      readonly projects: readonly ProjectName[]
      readonly status: 'active' | 'deleted'
    }
  | {
      readonly kind: 'deployment'
      readonly name: DeploymentName
      readonly project: ProjectName
      readonly host: DnsName
      /** The service that serves the model, and may ask about it. */
      readonly service: ServiceName
      /** Services that may call the model although they are in no project. */
      readonly serviceCallers: readonly ServiceName[]
      readonly policy: DeploymentPolicy
      readonly status: 'active' | 'deleted'
    }
  | {
      readonly kind: 'model-group'
      readonly id: string
      readonly name: string
      /** Absent: made while model access control was off, and public for ever (row OS23). */
      readonly owner?: string
      readonly access: GroupAccessMode
      /** Backend roles that open a restricted one: exact bytes. */
      readonly roles: readonly string[]
      readonly status: 'active' | 'deleted'
    }
  /** One version of a model. */
  | {
      readonly kind: 'model'
      readonly id: string
      readonly name: string
      readonly version: number
      /** Absent: everybody sees it (row OS44). */
      readonly group?: string
      /** The principal that registered this version. */
      readonly creator: string
      readonly hidden: boolean
      readonly enabled: boolean
      readonly status: 'active' | 'deleted'
    }
  /** A service that tells of calls that it saw. */
  | {
      readonly kind: 'proxy'
      readonly name: string
      readonly service: ServiceName
      readonly certificateDialect: CertificateDialect
      /** Proxies between it and the client that add an element each. */
      readonly hops: number
      readonly deployments: readonly DeploymentName[] | 'all'
      readonly status: 'active' | 'deleted'
    }
  /** A process in front of a model server that decides by itself, from snapshots that are made for it. */
  | {
      readonly kind: 'sidecar'
      readonly name: SidecarName
      readonly service: ServiceName
      readonly deployments: readonly DeploymentName[]
      readonly status: 'active' | 'deleted'
    }
  /** Backend roles that administrators gave a user, beside the groups of the sign-in. */
  | { readonly kind: 'user-roles'; readonly user: UserName; readonly roles: readonly string[] }
  /** Who holds a role of OpenSearch: by name, or by a backend role. */
  | {
      readonly kind: 'role-mapping'
      readonly role: string
      readonly users: readonly string[]
      readonly backendRoles: readonly string[]
      readonly status: 'active' | 'deleted'
    }
  | { readonly kind: 'setting'; readonly name: 'model-access-control'; readonly value: 'enabled' | 'disabled' }
  | {
      readonly kind: 'revocation'
      readonly issuer: IssuerId
      readonly serial: SerialNumber
      readonly status: 'revoked' | 'held' | 'released'
      /** It was so before: the reason alone is new. */
      readonly was?: 'revoked'
      /** When it was first revoked or held. Milliseconds since the epoch. */
      readonly revokedAt: number
      readonly reason: RevocationReason
      /** The certificate's end: after it the entry may be forgotten. Milliseconds since the epoch. */
      readonly notAfter: number
      /** The partition whose CRL lists it beside the complete one; absent: the complete one alone does. */
      readonly partition?: number
      /** The CA that the certificate makes: everything below it is refused. Absent for a leaf. */
      readonly authority?: IssuerId
    }
  /** Of the secret the hash alone: whoever has it can recognise the key, and not use it. */
  | {
      readonly kind: 'api-key'
      readonly prefix: string
      readonly user: UserName
      readonly salt: string
      readonly hash: string
      readonly scopes: readonly ApiScope[]
      readonly reach: ApiKeyReach
      /** Deployments that it may call. */
      readonly deployments: readonly DeploymentName[] | 'all'
      /** Milliseconds since the epoch. */
      readonly expiresAt: number
      readonly status: 'active' | 'ended'
    }
  /** A person who signed in, for as long as it lasts. */
  | {
      readonly kind: 'session'
      readonly id: string
      readonly user: UserName
      readonly provider: string
      readonly signedInAt: number
      readonly endsAt: number
      /** Rises with each token of it. */
      readonly generation: number
      /** When the newest token was made. Milliseconds since the epoch, like the instants above. */
      readonly rotatedAt: number
      /** SHA-256 of the secret that a page shows when it writes, hexadecimal. */
      readonly pageTokenHash: string
      readonly status: 'active' | 'ended'
    }
  /** What the provider said at the user's last sign-in: it takes the place of what was said before. */
  | {
      readonly kind: 'sign-in'
      readonly user: UserName
      readonly provider: string
      /** What the provider calls the person: `provider|subject` is the name of an external user. */
      readonly subject: string
      readonly groups: readonly string[]
      readonly at: number
    }
  /** All of a user: whoever a provider knows under one of them is that user. */
  | {
      readonly kind: 'user-links'
      readonly user: UserName
      readonly links: readonly { readonly provider: string; readonly subject: string }[]
    }
  | { readonly kind: 'token-revocation'; readonly jti: string; readonly expiresAt: number }
  /** Whether the installation waits for a confirmation after a restore. `since` in milliseconds since the epoch. */
  | { readonly kind: 'quarantine'; readonly status: 'on' | 'off'; readonly since: number }
  | { readonly kind: 'token-key'; readonly kid: string }
  | { readonly kind: 'issuer'; readonly issuer: IssuerId }
  | { readonly kind: 'crl'; readonly issuer: IssuerId; readonly scope: CrlScopeKey; readonly number: number }

/** One entry of the log. `seq` rises by one in commit order. */
export interface NumberedChange {
  readonly seq: number
  readonly change: Change
  /** Of a revocation, as the public feed tells it; those from before there was a feed have none. */
  readonly event?: RevocationEvent
}
