// What may be asked of the CA: one kind for each profile, with names that were parsed. From it, and from nothing that a
// certification request says, come the subject and the alternative names (CP §3.1).
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { SystemUser } from '../domain/system-user.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import type { PublicKey } from '../x509/public-key.ts'

/** A generation of a CA: `authority` is its name in the hierarchy. */
export interface AuthorityIdentity {
  readonly authority: string
  readonly generation: number
  readonly organization: string
}

/** Whom a certificate is for; `profile` is the kind. */
export type CertifiedIdentity =
  | ({ readonly profile: 'root' } & AuthorityIdentity)
  | ({ readonly profile: 'issuing-ca' } & AuthorityIdentity)
  | { readonly profile: 'project-user'; readonly project: ProjectName; readonly user: UserName }
  | { readonly profile: 'job'; readonly project: ProjectName; readonly user: UserName; readonly jobId: string }
  | { readonly profile: 'service-account'; readonly project: ProjectName; readonly account: ServiceAccountName }
  | {
      readonly profile: 'account-job'
      readonly project: ProjectName
      readonly account: ServiceAccountName
      readonly jobId: string
    }
  | {
      readonly profile: 'service'
      readonly name: ServiceName
      readonly systemUser: SystemUser
      /** Further DNS names; `name` is certified whether it is among them or not. */
      readonly dnsNames: readonly DnsName[]
    }
  | {
      readonly profile: 'signet-server'
      readonly commonName: DnsName
      /** Further DNS names; `commonName` is certified whether it is among them or not. */
      readonly dnsNames: readonly DnsName[]
      /** As text, without zone. */
      readonly ipAddresses: readonly string[]
    }
  | { readonly profile: 'admin'; readonly user: UserName }
  /** `issuer` is the CA whose answers it signs, which also certifies it. */
  | { readonly profile: 'ocsp-responder'; readonly issuer: IssuerId }
  | { readonly profile: 'snapshot-signer'; readonly organization: string }

export type CertificateRequest = CertifiedIdentity & {
  readonly publicKey: PublicKey
  /** From the moment of issue; over the profile's longest it is refused. */
  readonly lifetimeSeconds: number | 'default'
}
