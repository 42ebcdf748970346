// Whose certificate it is, by its profile: common name and URI SAN must say the same thing, in the grammar of our names.
// The URI is not taken apart where it can be put together: what the common name makes of it is compared byte for byte.
import type { CertifiedIdentity } from '../access/facts.ts'
import { parseServiceName } from '../domain/dns-name.ts'
import { NameRejected, type NameRules, SEPARATOR } from '../domain/name-rules.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import { parseProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import {
  accountJobSpiffeId,
  accountSpiffeId,
  adminSpiffeId,
  jobSpiffeId,
  serviceSpiffeId,
  type SpiffeId,
  type TrustDomain,
  userSpiffeId,
} from '../domain/spiffe-id.ts'
import { parseSystemUser } from '../domain/system-user.ts'
import { parseServiceAccountName, parseUserName } from '../domain/user-name.ts'

export interface CertifiedNames {
  readonly commonName: string
  readonly organizationalUnits: readonly string[]
  readonly dnsNames: readonly string[]
  /** The one URI SAN. */
  readonly uri: string
}

export interface IdentityRules {
  readonly names: NameRules
  readonly trustDomain: TrustDomain
}

export interface NamedIdentity {
  readonly identity: CertifiedIdentity
  readonly spiffeId: SpiffeId
}

type CallerProfile = CertifiedIdentity['profile']
type ReadIdentity = (certified: CertifiedNames, rules: IdentityRules) => NamedIdentity

const READERS: Readonly<Record<CallerProfile, ReadIdentity>> = {
  'project-user': readProjectUser,
  job: readJob,
  'service-account': readServiceAccount,
  'account-job': readAccountJob,
  service: readService,
  admin: readAdmin,
}

export function isCallerProfile(profile: ProfileName): profile is CallerProfile {
  return Object.hasOwn(READERS, profile)
}

/** Undefined when the names contradict one another, or are none that we give. */
export function readIdentity(
  profile: CallerProfile,
  certified: CertifiedNames,
  rules: IdentityRules,
): NamedIdentity | undefined {
  try {
    const named = READERS[profile](certified, rules)
    return named.spiffeId === certified.uri ? named : undefined
  } catch (error) {
    if (error instanceof NameRejected) return undefined
    throw error
  }
}

function readProjectUser({ commonName }: CertifiedNames, { names, trustDomain }: IdentityRules): NamedIdentity {
  const { project, user } = readMember(commonName, names)
  return { identity: { profile: 'project-user', project, user }, spiffeId: userSpiffeId(trustDomain, project, user) }
}

function readJob({ commonName, organizationalUnits }: CertifiedNames, rules: IdentityRules): NamedIdentity {
  const { project, user } = readMember(commonName, rules.names)
  const job = readJobId(organizationalUnits)
  const spiffeId = jobSpiffeId(rules.trustDomain, project, user, job)
  return { identity: { profile: 'job', project, user, job }, spiffeId }
}

function readAccountJob({ commonName, organizationalUnits }: CertifiedNames, rules: IdentityRules): NamedIdentity {
  const { project, account } = readAccount(commonName, rules.names)
  const job = readJobId(organizationalUnits)
  const spiffeId = accountJobSpiffeId(rules.trustDomain, project, account, job)
  return { identity: { profile: 'account-job', project, account, job }, spiffeId }
}

/** OU and URI name the job; a certificate without either is no job's. */
function readJobId([job = '', ...more]: readonly string[]): string {
  // SPIFFE-ID §2.2: what one path segment may hold. Without this a job could name a longer path.
  if (more.length > 0 || !/^[A-Za-z0-9._-]+$/.test(job)) throw new NameRejected('common name', 'has one job as OU', job)
  return job
}

function readServiceAccount({ commonName }: CertifiedNames, { names, trustDomain }: IdentityRules): NamedIdentity {
  const { project, account } = readAccount(commonName, names)
  const identity = { profile: 'service-account', project, account } as const
  return { identity, spiffeId: accountSpiffeId(trustDomain, project, account) }
}

function readService(
  { commonName, dnsNames, uri }: CertifiedNames,
  { names, trustDomain }: IdentityRules,
): NamedIdentity {
  const service = parseServiceName(commonName, names)
  // Name constraints hold for DNS names alone: a host in the common name counts only if it is among them.
  if (!dnsNames.includes(service)) throw new NameRejected('dns name', 'is among the DNS names', commonName)
  const systemUser = parseSystemUser(uri.slice(uri.lastIndexOf('/') + 1), names)
  const identity = { profile: 'service', service, systemUser } as const
  return { identity, spiffeId: serviceSpiffeId(trustDomain, service, systemUser) }
}

function readAdmin({ commonName }: CertifiedNames, { names, trustDomain }: IdentityRules): NamedIdentity {
  const user = parseUserName(commonName, names)
  return { identity: { profile: 'admin', user }, spiffeId: adminSpiffeId(trustDomain, user) }
}

function readMember(commonName: string, names: NameRules) {
  const { project, rest } = splitCommonName(commonName, names)
  const user = parseUserName(rest, names)
  projectUserName(project, user, names)
  return { project, user }
}

function readAccount(commonName: string, names: NameRules) {
  const { project, rest } = splitCommonName(commonName, names)
  const account = parseServiceAccountName(rest, names)
  projectUserName(project, account, names)
  return { project, account }
}

function splitCommonName(commonName: string, names: NameRules) {
  const at = commonName.indexOf(SEPARATOR)
  const project = parseProjectName(commonName.slice(0, Math.max(at, 0)), names)
  return { project, rest: commonName.slice(at + SEPARATOR.length) }
}
