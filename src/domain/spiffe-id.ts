// The URI SAN beside the common name: the same identity, unambiguous (SPIFFE-ID §2). By the grammar of our names nothing
// in a path needs escaping.
import { NameRejected } from './name-rules.ts'
import type { ServiceName } from './dns-name.ts'
import type { ProjectName } from './project-name.ts'
import type { SystemUser } from './system-user.ts'
import type { ServiceAccountName, UserName } from './user-name.ts'

export type TrustDomain = string & { readonly __brand: 'TrustDomain' }
export type SpiffeId = string & { readonly __brand: 'SpiffeId' }

/** SPIFFE-ID §2.1: lower case letters, digits, dots, dashes and underscores; at most 255 octets. Throws `NameRejected`. */
export function parseTrustDomain(input: string): TrustDomain {
  if (!/^[a-z0-9](?:[a-z0-9._-]{0,253}[a-z0-9])?$/.test(input)) {
    throw new NameRejected('trust domain', 'lower case letters, digits, dots, dashes, underscores', input)
  }
  return input as TrustDomain
}

export function userSpiffeId(domain: TrustDomain, project: ProjectName, user: UserName): SpiffeId {
  return `spiffe://${domain}/project/${project}/user/${user}` as SpiffeId
}

export function jobSpiffeId(domain: TrustDomain, project: ProjectName, user: UserName, jobId: string): SpiffeId {
  return `spiffe://${domain}/project/${project}/user/${user}/job/${jobId}` as SpiffeId
}

export function accountSpiffeId(domain: TrustDomain, project: ProjectName, account: ServiceAccountName): SpiffeId {
  return `spiffe://${domain}/project/${project}/account/${account}` as SpiffeId
}

export function accountJobSpiffeId(
  domain: TrustDomain,
  project: ProjectName,
  account: ServiceAccountName,
  jobId: string,
): SpiffeId {
  return `${accountSpiffeId(domain, project, account)}/job/${jobId}` as SpiffeId
}

export function serviceSpiffeId(domain: TrustDomain, name: ServiceName, systemUser: SystemUser): SpiffeId {
  return `spiffe://${domain}/service/${name}/${systemUser}` as SpiffeId
}

export function adminSpiffeId(domain: TrustDomain, user: UserName): SpiffeId {
  return `spiffe://${domain}/admin/${user}` as SpiffeId
}
