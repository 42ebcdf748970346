// Who asks, as the edge established it from the TLS connection (or from the master key, offline). The kind comes from the
// issuer and the policy OID of the certificate, never from its text (CP §7.1).
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
      readonly user: UserName
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
    default:
      return caller satisfies never
  }
}
