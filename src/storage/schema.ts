// The tables, as the code sees them; migrations/ makes them. Instants are whole milliseconds since the epoch, lists are JSON
// text, names of domain types are stored as they are. No secret stands here in clear: only hashes and sealed keys.
import type { Generated } from 'kysely'
import type { Deployment } from '../directory/deployment-store.ts'
import type { Sidecar } from '../directory/sidecar-store.ts'
import type { CertificateRecord, CertificateStatus } from '../ca/inventory.ts'
import type { Proxy } from '../directory/proxy-store.ts'
import type { CertificateDialect } from '../domain/access-policy.ts'
import type { Job, Member, Project, Service, ServiceAccount, User } from '../directory/entities.ts'
import type { ApiKeyReach } from '../domain/api-key.ts'
import type { ApiScope } from '../domain/api-scope.ts'
import type { AuditEvent } from '../domain/audit-event.ts'
import type { ServiceRole } from '../domain/change.ts'
import type { CrlScopeKey } from '../domain/crl-scope.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import type { AccessSwitch, Model, ModelGroup } from '../enrollment/model-store.ts'
import type { RevocationEventKind } from '../domain/revocation-event.ts'
import type { TokenKeyRecord } from '../tokens/token-store.ts'
import type { ListText } from './columns.ts'

export interface Schema {
  users: {
    id: string
    name: UserName
    /** The name in ASCII lower case: what must be unique. */
    folded: string
    status: User['status']
    platform_role: User['platformRole']
    created_at: number
  }
  /** Where an administrator has said something other than the setting. */
  quotas: {
    user_name: UserName
    projects: number
  }
  projects: {
    id: string
    name: ProjectName
    folded: string
    status: Project['status']
    created_at: number
  }
  members: {
    id: string
    project: ProjectName
    user_name: UserName
    role: Member['role']
    status: Member['status']
    created_at: number
    added_by: string | null
  }
  service_accounts: {
    project: ProjectName
    name: ServiceAccountName
    /** The name in ASCII lower case: unique within its project. */
    folded: string
    id: string
    status: ServiceAccount['status']
    created_by: string
    created_at: number
  }
  services: {
    id: string
    name: ServiceName
    dns_names: ListText<DnsName>
    system_user: Service['systemUser']
    roles: ListText<ServiceRole>
    projects: ListText<ProjectName>
    status: Service['status']
    owner: string | null
    rotate_every: number | null
    rotation_asked_at: number | null
    created_at: number
  }
  /** Every DNS name that a service has or had: it stays that service's. */
  service_dns_names: {
    dns_name: DnsName
    service: ServiceName
  }
  jobs: {
    position: Generated<number>
    id: string
    kind: Job['kind']
    project: ProjectName
    /** A member, or a service account: they share one namespace. */
    user_name: Job['user']
    launcher: ServiceName
    status: Job['status']
    started_at: number
    ends_at: number | null
    lease_seconds: number
    /** Of the lease clock, as `lapsed_at`. */
    lease_until: number
    lapsed_at: number | null
    finished_at: number | null
  }
  deployments: {
    name: Deployment['name']
    project: ProjectName
    host: DnsName
    service: ServiceName
    service_callers: ListText<ServiceName>
    /** JSON of `DeploymentPolicy`. */
    policy: string
    status: Deployment['status']
  }
  /** One row a host that a deployment ever had: whoever changes its parts holds it. */
  held_hosts: {
    host: DnsName
  }
  /** Which part of a host is whose; an empty path is all of it. */
  deployment_hosts: {
    host: DnsName
    path: string
    deployment: Deployment['name']
  }
  /** Services that tell of calls that they saw. */
  proxies: {
    name: Proxy['name']
    service: ServiceName
    certificate_dialect: CertificateDialect
    hops: number
    /** JSON: a list of names, or `"all"`. */
    deployments: string
  }
  sidecars: {
    name: Sidecar['name']
    service: ServiceName
    deployments: ListText<DeploymentName>
    status: Sidecar['status']
  }
  certificates: {
    position: Generated<number>
    serial: SerialNumber
    issuer: IssuerId
    profile: CertificateRecord['profile']
    identity: string
    common_name: string
    project: ProjectName | null
    key_fingerprint: string
    not_before: number
    not_after: number
    requester: string
    obtained_with: string
    renew_until: number | null
    issued_at: number
    status: CertificateStatus
    revoked_at: number | null
    reason: RevocationReason | null
    der: Uint8Array
    replaced_by: SerialNumber | null
    revoke_at: number | null
    /** The partition of its issuer's revocations that it is in; null: it names the complete CRL. */
    crl_partition: number | null
  }
  /** When a certificate of a service was last used to speak with us. */
  certificate_sightings: {
    serial: SerialNumber
    seen_at: number
  }
  /** Every key that was ever certified, and whose it is. */
  certified_keys: {
    fingerprint: string
    identity: string
    compromised: 0 | 1
  }
  issuers: {
    id: IssuerId
    authority: string
    generation: number
    certificate: Uint8Array
    sealed_key: Uint8Array | null
    created_at: number
  }
  server_keys: {
    serial: string
    sealed_key: Uint8Array
    certificate: Uint8Array
    created_at: number
  }
  /** Keys that snapshots for sidecars are signed with. */
  snapshot_keys: Schema['server_keys']
  /** Keys that OCSP answers about the certificates of one issuer are signed with. */
  responder_keys: Schema['server_keys'] & { issuer: IssuerId }
  /** Projects whose members' keys are kept. */
  custody_projects: {
    project: ProjectName
    since: number
  }
  /** Passphrase and key of a member, sealed. */
  member_keys: {
    project: ProjectName
    user_name: UserName
    key_fingerprint: string
    serial: SerialNumber
    requester: string
    renew_until: number
    renew_at: number | null
    sealed_key: Uint8Array
    created_at: number
    handed_over_at: number | null
  }
  /** A partition keeps its number and its URL for ever. */
  crl_partitions: {
    issuer: IssuerId
    number: number
    generation: number
    url: string
    opened_at: number
    ends_at: number | null
  }
  /** The CRL in force of each scope. Either `der` is there, or `signature` is. */
  crls: {
    scope: CrlScopeKey
    issuer: IssuerId
    number: number
    this_update: number
    next_update: number
    covers_revision: number
    ended_before: number
    /** Of a delta. */
    base_number: number | null
    base_revision: number | null
    length: number
    sha256: string
    signature: Uint8Array | null
    der: Uint8Array | null
  }
  crl_history: {
    scope: CrlScopeKey
    number: number
    issuer: IssuerId
    this_update: number
    next_update: number
    covers_revision: number
    sha256: string
  }
  tokens: {
    position: Generated<number>
    jti: string
    subject: string
    audience: string
    issued_at: number
    expires_at: number
    requester: string
    certificate_serial: string | null
    revoked_at: number | null
  }
  token_keys: {
    kid: string
    algorithm: TokenKeyRecord['algorithm']
    public_jwk: string
    sealed_key: Uint8Array
    created_at: number
    signs_from: number
    signs_until: number
    published_until: number
  }
  /** A key that has ended keeps its row, and frees its name. */
  api_keys: {
    prefix: string
    user_name: UserName
    name: string
    salt: string
    hash: string
    scopes: ListText<ApiScope>
    /** Whether a scope for administrators is among them. */
    privileged: 0 | 1
    reach: ApiKeyReach['kind']
    project: ProjectName | null
    /** JSON: a list of names, or `"all"`. */
    deployments: string
    created_by: string
    created_with: string
    created_at: number
    expires_at: number
    ended_at: number | null
  }
  sessions: {
    id: string
    user_name: UserName
    provider: string
    signed_in_at: number
    ends_at: number
    generation: number
    rotated_at: number
    page_token_hash: string
    ended_at: number | null
  }
  /** Who somebody is that a provider knows. */
  user_links: {
    provider: string
    subject: string
    user_name: UserName
    created_at: number
  }
  /** The last sign-in of each user, and in `user_groups` the groups that it brought. */
  sign_ins: {
    user_name: UserName
    provider: string
    subject: string
    at: number
  }
  user_groups: {
    user_name: UserName
    group_name: string
  }
  enrolment_tokens: {
    hash: string
    identity: string
    created_by: string
    created_with: string
    created_at: number
    expires_at: number
    spent_at: number | null
    voided_at: number | null
  }
  idempotency_keys: {
    position: Generated<number>
    /** Digest of principal, method, path and key. */
    scope: string
    body_digest: string
    expires_at: number
    response: string | null
  }
  audit_events: {
    position: Generated<number>
    at: number
    actor: string
    act: AuditEvent['act']
    object: string
    request_id: string
    details: string
  }
  change_log: {
    seq: number
    change: string
  }
  revocation_events: {
    /** Of its change. */
    seq: number
    issuer: IssuerId
    serial: SerialNumber
    event: RevocationEventKind
    reason: RevocationReason
    date: number
    not_after: number
    previous: string
    hash: string
  }
  revocation_heads: {
    issuer: IssuerId
    seq: number
    hash: string
  }
  counters: {
    name: string
    value: number
  }
  metadata: {
    name: string
    value: string
  }
  /** One row: milliseconds for which heartbeats could be accepted, and whether the end of lapsed jobs is paused. */
  lease_state: {
    only_row: 1
    clock: number
    released_until: number
    paused_at: number | null
  }
  /** Tokens that another has taken the place of, until they are revoked. */
  superseded_tokens: {
    jti: string
    ends_at: number
  }
  /** Directory syncs: the newest run of each provider, and the plan that waits for a confirmation, as JSON. */
  directory_syncs: {
    provider: string
    fence: number
    next_at: number
    done_at: number | null
    done_digest: string | null
    unread_since: number | null
    unread_why: string | null
    waiting: string | null
  }
  model_groups: {
    id: string
    name: string
    description: string
    owner: string | null
    access: ModelGroup['access']
    roles: ListText<string>
    latest_version: number
    created_at: number
    updated_at: number
  }
  models: {
    id: string
    name: string
    version: number
    group_id: string | null
    creator: string
    hidden: 0 | 1
    enabled: 0 | 1
    state: Model['state']
    /** JSON of `ModelDetails`. */
    details: string
    /** What a connector needs to be let in. */
    sealed_credential: Uint8Array | null
    created_at: number
    updated_at: number
  }
  internal_users: {
    user_name: UserName
    roles: ListText<string>
    password_hash: string | null
  }
  role_mappings: {
    role: string
    users: ListText<string>
    backend_roles: ListText<string>
  }
  settings: {
    name: string
    value: AccessSwitch
  }
  leases: {
    name: string
    holder: string
    fence: number
    expires_at: number
  }
}
