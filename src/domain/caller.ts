// Who asks, as the edge established it: from the TLS connection, from a session or an API key, or from the master key,
// offline. The kind of a certificate comes from its issuer and its policy OID, never from its text (CP §7.1).
import type { ApiKeyReach } from './api-key.ts'
import type { ApiScope } from './api-scope.ts'
import type { ServiceName } from './dns-name.ts'
import type { IssuerId } from './issuer-id.ts'
import type { ProjectName } from './project-name.ts'
import { SEPARATOR } from './name-rules.ts'
import type { SerialNumber } from './serial-number.ts'
import type { SystemUser } from './system-user.ts'
import type { ServiceAccountName, UserName } from './user-name.ts'

/** The certificate that the caller holds the key of. */
export interface CallerCertificate {
  readonly issuer: IssuerId
  readonly serial: SerialNumber
  readonly notAfter: Date
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string
}

/** Whom a job acts as: a member of its project, or a service account of it. */
export type JobHolder =
  | { readonly kind: 'member'; readonly user: UserName }
  | { readonly kind: 'account'; readonly account: ServiceAccountName }

/** Its name: users and service accounts share one namespace, so it is one of them alone. */
export function holderName(holder: JobHolder): UserName | ServiceAccountName {
  return holder.kind === 'member' ? holder.user : holder.account
}

export type Caller =
  | { readonly kind: 'anonymous' }
  /** The operator at the machine, who opened the master key. */
  | { readonly kind: 'offline' }
  | {
      readonly kind: 'member'
      readonly project: ProjectName
      readonly user: UserName
      readonly certificate: CallerCertificate
    }
  | {
      readonly kind: 'job'
      readonly project: ProjectName
      readonly runsAs: JobHolder
      readonly jobId: string
      readonly certificate: CallerCertificate
    }
  | {
      readonly kind: 'account'
      readonly project: ProjectName
      readonly account: ServiceAccountName
      readonly certificate: CallerCertificate
    }
  | {
      readonly kind: 'service'
      readonly name: ServiceName
      readonly systemUser: SystemUser
      readonly certificate: CallerCertificate
    }
  | { readonly kind: 'admin'; readonly user: UserName; readonly certificate: CallerCertificate }
  /** A person who signed in: all their projects, each as far as they are a member. */
  | {
      readonly kind: 'session'
      readonly user: UserName
      readonly sessionId: string
      /** Where they signed in, as the configuration names it. */
      readonly provider: string
      readonly signedInAt: Date
      /** Whether the provider's entry lets administrators act as such. */
      readonly administers: 'when-administrator' | 'never'
    }
  /** A program that shows an API key of a user. It buys no credential. */
  | {
      readonly kind: 'api-key'
      readonly user: UserName
      readonly prefix: string
      readonly scopes: ReadonlySet<ApiScope>
      readonly reach: ApiKeyReach
      readonly expiresAt: Date
    }

export type CallerKind = Caller['kind']

/** A caller that holds the key of a certificate, and showed it on the connection. */
export type CertifiedCaller = Extract<Caller, { readonly certificate: CallerCertificate }>

export type AuthenticatedCaller = Exclude<Caller, { readonly kind: 'anonymous' }>

/** How audit events, inventory and idempotency name a caller. */
export function actorOf(caller: Caller): string {
  switch (caller.kind) {
    case 'anonymous':
      return 'anonymous'
    case 'offline':
      return 'offline:admin'
    case 'member':
      return `member:${caller.project}${SEPARATOR}${caller.user}`
    case 'job':
      return `job:${caller.jobId}`
    case 'account':
      return `account:${caller.project}${SEPARATOR}${caller.account}`
    case 'service':
      return `service:${caller.name}`
    case 'admin':
      return `admin:${caller.user}`
    case 'session':
      return `user:${caller.user}`
    case 'api-key':
      return `api-key:${caller.prefix}`
    default:
      return caller satisfies never
  }
}

/** As tokens name it: `PROJECT__USER`, or the name of the service. A job acts under the name that it has. */
export function principalOf(caller: CertifiedCaller): string {
  switch (caller.kind) {
    case 'member':
      return `${caller.project}${SEPARATOR}${caller.user}`
    case 'job':
      return `${caller.project}${SEPARATOR}${holderName(caller.runsAs)}`
    case 'account':
      return `${caller.project}${SEPARATOR}${caller.account}`
    case 'service':
      return caller.name
    case 'admin':
      return caller.user
    default:
      return caller satisfies never
  }
}
