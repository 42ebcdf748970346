// The maps behind a snapshot, and how one change is folded into them. Every fold takes constant time.
import type { Change } from '../domain/change.ts'
import type {
  ApiKeyView,
  AccountView,
  DeploymentView,
  MemberView,
  ProjectView,
  ServiceView,
  SessionView,
  SignInView,
  UserView,
} from './snapshot.ts'

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>

interface Revocation {
  readonly status: 'revoked' | 'held'
  readonly notAfter: number
}

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
  readonly deploymentsByHost = new Map<string, DeploymentView>()
  /** By issuer, then serial. */
  readonly revocations = new Map<string, Map<string, Revocation>>()
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
        keep(this.apiKeys, change.prefix, change.status === 'active' ? apiKeyView(change) : undefined)
        break
      case 'session':
        this.#foldSession(change)
        break
      case 'sign-in':
        this.#foldSignIn(change)
        break
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
      forgotten += dropWhere(ofIssuer, ({ notAfter }) => notAfter < before)
    }
    forgotten += dropWhere(this.apiKeys, ({ expiresAt }) => expiresAt.getTime() < before)
    forgotten += dropWhere(this.sessions, ({ endsAt }) => endsAt < before)
    return forgotten + dropWhere(this.revokedTokens, (expiresAt) => expiresAt < before)
  }

  #foldUser({ name, status, platformRole }: ChangeOf<'user'>): void {
    keep(this.users, name, status === 'deleted' ? undefined : { name, status, platformRole })
    if (status === 'deleted') this.signIns.delete(name)
  }

  #foldSession(change: ChangeOf<'session'>): void {
    const { id, user, provider, signedInAt, endsAt, generation, rotatedAt, pageTokenHash } = change
    const view = { id, user, provider, signedInAt, endsAt, generation, rotatedAt, pageTokenHash }
    keep(this.sessions, id, change.status === 'active' ? view : undefined)
  }

  #foldSignIn({ user, provider, groups, at }: ChangeOf<'sign-in'>): void {
    keep(this.signIns, user, { user, provider, groups: new Set(groups), at })
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
    // The host may have moved on to another deployment: that entry is not this one's to remove.
    if (before !== undefined && this.deploymentsByHost.get(before.host) === before) {
      this.deploymentsByHost.delete(before.host)
    }
    const view = change.status === 'active' ? deploymentView(change) : undefined
    keep(this.deployments, change.name, view)
    if (view !== undefined) this.deploymentsByHost.set(view.host, view)
  }

  #foldRevocation({ issuer, serial, status, notAfter }: ChangeOf<'revocation'>): void {
    keep(inner(this.revocations, issuer), serial, status === 'released' ? undefined : { status, notAfter })
  }
}

function serviceView({ name, systemUser, dnsNames, roles, projects }: ChangeOf<'service'>): ServiceView {
  return { name, systemUser, dnsNames, roles: new Set(roles), projects: new Set(projects) }
}

function apiKeyView({ prefix, user, salt, hash, scopes, reach, expiresAt }: ChangeOf<'api-key'>): ApiKeyView {
  return { prefix, user, salt, hash, scopes: new Set(scopes), reach, expiresAt: new Date(expiresAt) }
}

function deploymentView({ name, project, host, service, serviceCallers }: ChangeOf<'deployment'>): DeploymentView {
  return { name, project, host, service, serviceCallers: new Set(serviceCallers) }
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
