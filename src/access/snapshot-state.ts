// The maps behind a snapshot, and how one change is folded into them. Every fold takes constant time.
import type { DeploymentPolicy } from '../domain/access-policy.ts'
import type { Change } from '../domain/change.ts'
import { NO_QUARANTINE, type Quarantine } from '../domain/quarantine.ts'
import { isReviewedGroup } from '../domain/reviewed-group.ts'
import { RevocationIndex } from './revocation-index.ts'
import type {
  ApiKeyView,
  AccountView,
  DeploymentView,
  MemberView,
  ModelGroupView,
  ModelView,
  ProxyView,
  RoleMappingView,
  ProjectView,
  ServiceView,
  SessionView,
  SidecarView,
  SignInView,
  UserView,
} from './snapshot.ts'

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>

/**
 * How long after its end a revoked certificate or token is remembered, in milliseconds. Clocks are set back now and then:
 * an entry that was dropped by a clock that ran ahead would bring the certificate back to life.
 */
const REMEMBERED_MILLISECONDS = 86_400_000

export class SnapshotState {
  readonly users = new Map<string, UserView>()
  readonly projects = new Map<string, ProjectView>()
  /** By project, then user. */
  readonly members = new Map<string, Map<string, MemberView>>()
  /** By project, then account. */
  readonly accounts = new Map<string, Map<string, AccountView>>()
  readonly services = new Map<string, ServiceView>()
  readonly deployments = new Map<string, DeploymentView>()
  /** Several deployments share a host by path; their order says nothing. */
  readonly deploymentsByHost = new Map<string, readonly DeploymentView[]>()
  /** By id. */
  readonly modelGroups = new Map<string, ModelGroupView>()
  /** By id. */
  readonly models = new Map<string, ModelView>()
  /** Names of models that are not hidden, and how many versions have each. */
  readonly modelNames = new Map<string, number>()
  /** By the name of its service. */
  readonly proxies = new Map<string, ProxyView>()
  /** By name, the service of the proxy: a proxy may move to another. */
  readonly proxyServices = new Map<string, string>()
  readonly sidecars = new Map<string, SidecarView>()
  /** By user. */
  readonly assignedRoles = new Map<string, ReadonlySet<string>>()
  readonly roleMappings = new Map<string, RoleMappingView>()
  modelAccessControl: 'enabled' | 'disabled' = 'enabled'
  quarantine: Quarantine = NO_QUARANTINE
  /** By issuer. */
  readonly revocations = new Map<string, RevocationIndex>()
  /** CAs that were revoked: by issuer, when their certificate ends, in milliseconds since the epoch. */
  readonly revokedAuthorities = new Map<string, number>()
  /** `jti` → when the token ends, in milliseconds since the epoch. */
  readonly revokedTokens = new Map<string, number>()

  readonly apiKeys = new Map<string, ApiKeyView>()
  readonly sessions = new Map<string, SessionView>()
  /** By user. */
  readonly signIns = new Map<string, SignInView>()

  fold(change: Change): void {
    switch (change.kind) {
      case 'user':
        this.#foldUser(change)
        break
      case 'project':
        this.#foldProject(change)
        break
      case 'member':
        this.#foldMember(change)
        break
      case 'account':
        this.#foldAccount(change)
        break
      case 'service':
        keep(this.services, change.name, change.status === 'active' ? serviceView(change) : undefined)
        break
      case 'deployment':
        this.#foldDeployment(change)
        break
      case 'revocation':
        this.#foldRevocation(change)
        break
      case 'token-revocation':
        this.revokedTokens.set(change.jti, change.expiresAt)
        break
      case 'api-key':
        keep(this.apiKeys, change.prefix, apiKeyView(change))
        break
      case 'model-group':
        keep(this.modelGroups, change.id, change.status === 'active' ? modelGroupView(change) : undefined)
        break
      case 'model':
        this.#foldModel(change)
        break
      case 'proxy':
        this.#foldProxy(change)
        break
      case 'sidecar':
        keep(this.sidecars, change.name, change.status === 'active' ? sidecarView(change) : undefined)
        break
      case 'user-roles':
        keep(this.assignedRoles, change.user, change.roles.length === 0 ? undefined : new Set(change.roles))
        break
      case 'role-mapping':
        keep(this.roleMappings, change.role, change.status === 'active' ? roleMappingView(change) : undefined)
        break
      case 'setting':
        this.modelAccessControl = change.value
        break
      case 'session':
        this.#foldSession(change)
        break
      case 'sign-in':
        this.#foldSignIn(change)
        break
      case 'quarantine':
        this.quarantine =
          change.status === 'on' ? { kind: 'quarantined', since: new Date(change.since) } : NO_QUARANTINE
        break
      case 'user-links':
      case 'token-key':
      case 'issuer':
      case 'crl':
        break // for others who follow the log
      default:
        change satisfies never
    }
  }

  forgetExpired(now: Date): number {
    const before = now.getTime() - REMEMBERED_MILLISECONDS
    let forgotten = 0
    for (const ofIssuer of this.revocations.values()) {
      forgotten += ofIssuer.dropEndedBefore(before)
    }
    forgotten += dropWhere(this.revokedAuthorities, (notAfter) => notAfter < before)
    forgotten += dropWhere(this.apiKeys, ({ expiresAt }) => expiresAt.getTime() < before)
    forgotten += dropWhere(this.sessions, ({ endsAt }) => endsAt < before)
    return forgotten + dropWhere(this.revokedTokens, (expiresAt) => expiresAt < before)
  }

  #foldUser({ name, status, platformRole }: ChangeOf<'user'>): void {
    keep(this.users, name, status === 'deleted' ? undefined : { name, status, platformRole })
    if (status !== 'deleted') return
    this.signIns.delete(name)
    this.assignedRoles.delete(name)
  }

  #foldSession(change: ChangeOf<'session'>): void {
    const { id, user, provider, signedInAt, endsAt, generation, rotatedAt, pageTokenHash } = change
    const view = { id, user, provider, signedInAt, endsAt, generation, rotatedAt, pageTokenHash }
    keep(this.sessions, id, change.status === 'active' ? view : undefined)
  }

  #foldSignIn({ user, provider, subject, groups, at }: ChangeOf<'sign-in'>): void {
    const said = groups.filter((group) => !isReviewedGroup(group))
    keep(this.signIns, user, { user, provider, subject, groups: new Set(said), at })
  }

  #foldProject({ name, status }: ChangeOf<'project'>): void {
    keep(this.projects, name, status === 'active' ? { name } : undefined)
    if (status === 'active') return
    this.members.delete(name)
    this.accounts.delete(name)
  }

  #foldMember({ project, user, role, status }: ChangeOf<'member'>): void {
    keep(inner(this.members, project), user, status === 'active' ? { project, user, role } : undefined)
  }

  #foldAccount({ project, account, status }: ChangeOf<'account'>): void {
    keep(inner(this.accounts, project), account, status === 'active' ? { project, account } : undefined)
  }

  #foldDeployment(change: ChangeOf<'deployment'>): void {
    const before = this.deployments.get(change.name)
    for (const host of before === undefined ? [] : hostsOf(before)) this.#leaveHost(host, change.name)
    const view = change.status === 'active' ? deploymentView(change) : undefined
    keep(this.deployments, change.name, view)
    if (view === undefined) return
    for (const host of hostsOf(view)) {
      this.deploymentsByHost.set(host, Object.freeze([...(this.deploymentsByHost.get(host) ?? []), view]))
    }
  }

  #leaveHost(host: string, name: string): void {
    const left = (this.deploymentsByHost.get(host) ?? []).filter((view) => view.name !== name)
    keep(this.deploymentsByHost, host, left.length === 0 ? undefined : left)
  }

  #foldModel(change: ChangeOf<'model'>): void {
    const before = this.models.get(change.id)
    if (before?.hidden === false) this.#countModels(before.name, -1)
    const view = change.status === 'active' ? modelView(change) : undefined
    keep(this.models, change.id, view)
    if (view?.hidden === false) this.#countModels(view.name, 1)
  }

  #countModels(name: string, by: 1 | -1): void {
    const count = (this.modelNames.get(name) ?? 0) + by
    if (count === 0) this.modelNames.delete(name)
    else this.modelNames.set(name, count)
  }

  #foldProxy({ name, service, certificateDialect, hops, deployments, status }: ChangeOf<'proxy'>): void {
    const before = this.proxyServices.get(name)
    if (before !== undefined && this.proxies.get(before)?.name === name) this.proxies.delete(before)
    this.proxyServices.delete(name)
    if (status !== 'active') return
    this.proxyServices.set(name, service)
    const named = deployments === 'all' ? deployments : new Set<string>(deployments)
    keep(this.proxies, service, { name, service, certificateDialect, hops, deployments: named })
  }

  #foldRevocation({ issuer, serial, status, notAfter, authority }: ChangeOf<'revocation'>): void {
    if (authority !== undefined && status === 'released') this.revokedAuthorities.delete(authority)
    else if (authority !== undefined) this.revokedAuthorities.set(authority, notAfter)
    const ofIssuer = this.revocations.get(issuer) ?? new RevocationIndex()
    this.revocations.set(issuer, ofIssuer)
    if (status === 'released') ofIssuer.delete(serial)
    else ofIssuer.set(serial, { status, notAfter })
  }
}

function serviceView({ name, systemUser, dnsNames, roles, projects }: ChangeOf<'service'>): ServiceView {
  return { name, systemUser, dnsNames, roles: new Set(roles), projects: new Set(projects) }
}

function apiKeyView(change: ChangeOf<'api-key'>): ApiKeyView {
  const { prefix, user, salt, hash, scopes, reach, deployments, expiresAt, status } = change
  return {
    prefix,
    user,
    salt,
    hash,
    scopes: new Set(scopes),
    reach,
    deployments: deployments === 'all' ? deployments : new Set<string>(deployments),
    expiresAt: new Date(expiresAt),
    status,
  }
}

function deploymentView(change: ChangeOf<'deployment'>): DeploymentView {
  const { name, project, host, service, serviceCallers, policy } = change
  return {
    name,
    project,
    host,
    service,
    serviceCallers: setOf(serviceCallers),
    policy,
    authModes: authModesOf(policy),
    externalGroups: policy.externalGroups,
    unprotectedPaths: setOf(policy.unprotectedPaths),
    delegates: setOf(policy.delegates),
    deniedPrincipals: setOf(policy.deniedPrincipals),
  }
}

// Most deployments have nothing there, and a decision about one that nobody called lately finds the rest in no cache: what is alike is one.
const EMPTY: ReadonlySet<never> = new Set<never>()

function setOf<Value>(values: readonly Value[]): ReadonlySet<Value> {
  return values.length === 0 ? EMPTY : new Set(values)
}

/** One for each combination that there is: the modes are few. */
const AUTH_MODES_BY_NAME = new Map<string, ReadonlySet<string>>()

function authModesOf({ authModes }: DeploymentPolicy): ReadonlySet<string> {
  const key = authModes.join()
  const known = AUTH_MODES_BY_NAME.get(key)
  if (known !== undefined) return known
  const made = new Set<string>(authModes)
  AUTH_MODES_BY_NAME.set(key, made)
  return made
}

function hostsOf({ host, policy }: DeploymentView): ReadonlySet<string> {
  return new Set<string>([host, ...policy.moreHosts])
}

function modelGroupView({ id, name, owner, access, roles }: ChangeOf<'model-group'>): ModelGroupView {
  return { id, name, ...(owner === undefined ? {} : { owner }), access, roles }
}

function modelView({ id, name, version, group, creator, hidden, enabled }: ChangeOf<'model'>): ModelView {
  return { id, name, version, ...(group === undefined ? {} : { group }), creator, hidden, enabled }
}

function sidecarView({ name, service, deployments }: ChangeOf<'sidecar'>): SidecarView {
  return { name, service, deployments: new Set(deployments) }
}

function roleMappingView({ role, users, backendRoles }: ChangeOf<'role-mapping'>): RoleMappingView {
  return { role, users: new Set(users), backendRoles: new Set(backendRoles) }
}

function keep<View extends object>(map: Map<string, View>, key: string, view: View | undefined): void {
  if (view === undefined) map.delete(key)
  else map.set(key, Object.freeze(view))
}

function inner<View>(map: Map<string, Map<string, View>>, key: string): Map<string, View> {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = new Map<string, View>()
  map.set(key, made)
  return made
}

function dropWhere<Value>(map: Map<string, Value>, ended: (value: Value) => boolean): number {
  let dropped = 0
  for (const [key, value] of map) {
    if (!ended(value)) continue
    map.delete(key)
    dropped += 1
  }
  return dropped
}
