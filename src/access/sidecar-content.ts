// What one sidecar needs of the whole policy, and nothing else: its deployments, and of the rest what a decision about a call to
// them looks at. Names of other projects, their people, models and groups stay where they are.
//
// The rule for what is left out: it must never turn a refusal into an allowance. Where a change moves the border of what is
// needed, it is not sent along: a whole snapshot is fetched anew (`reload`). Revocations are sent whole, since they are public
// and say no name.
import { createHash } from 'node:crypto'
import { ALL_ACCESS } from '../domain/access-policy.ts'
import type { Change } from '../domain/change.ts'
import type { SidecarView } from './snapshot.ts'

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>

/** Which names are within: fixed for one state of the policy. */
export interface SidecarScope {
  readonly sidecar: string
  readonly service: string
  /** All that it is registered for, also what it does not serve right now. */
  readonly registered: ReadonlySet<string>
  readonly deployments: ReadonlySet<string>
  readonly projects: ReadonlySet<string>
  readonly services: ReadonlySet<string>
  readonly users: ReadonlySet<string>
  readonly models: ReadonlySet<string>
  readonly modelGroups: ReadonlySet<string>
  /** Groups and backend roles that open something here. */
  readonly roles: ReadonlySet<string>
  readonly externalGroups: ReadonlySet<string>
}

/** `send`: as it is, or with less in it. */
export type ScopedChange =
  { readonly kind: 'send'; readonly change: Change } | { readonly kind: 'drop' } | { readonly kind: 'reload' }

const DROP: ScopedChange = { kind: 'drop' }
const RELOAD: ScopedChange = { kind: 'reload' }

export function scopeOf(sidecar: SidecarView, state: readonly Change[]): SidecarScope {
  const deployments = ofKind(state, 'deployment').filter(
    ({ name, service }) => sidecar.deployments.has(name) && service === sidecar.service,
  )
  const projects = new Set<string>(deployments.map(({ project }) => project))
  const models = new Set<string>(deployments.flatMap(({ policy }) => policy.model ?? []))
  const modelGroups = new Set(ofKind(state, 'model').flatMap(({ id, group }) => (models.has(id) ? (group ?? []) : [])))
  const externalGroups = new Set(deployments.flatMap(({ policy }) => policy.externalGroups))
  return {
    sidecar: sidecar.name,
    service: sidecar.service,
    registered: sidecar.deployments,
    deployments: new Set<string>(deployments.map(({ name }) => name)),
    projects,
    services: new Set<string>([sidecar.service, ...deployments.flatMap(({ serviceCallers }) => serviceCallers)]),
    users: usersWithin(state, projects, externalGroups),
    models,
    modelGroups,
    roles: rolesWithin(state, modelGroups, externalGroups),
    externalGroups,
  }
}

/** Members of the projects, and whoever signed in with a group that is granted. */
function usersWithin(
  state: readonly Change[],
  projects: ReadonlySet<string>,
  granted: ReadonlySet<string>,
): ReadonlySet<string> {
  const members = ofKind(state, 'member').filter(({ project }) => projects.has(project))
  const external = ofKind(state, 'sign-in').filter(({ groups }) => groups.some((group) => granted.has(group)))
  return new Set<string>([...members, ...external].map(({ user }) => user))
}

function rolesWithin(
  state: readonly Change[],
  modelGroups: ReadonlySet<string>,
  granted: ReadonlySet<string>,
): ReadonlySet<string> {
  const ofGroups = ofKind(state, 'model-group').flatMap(({ id, roles }) => (modelGroups.has(id) ? roles : []))
  const ofAll = ofKind(state, 'role-mapping').flatMap(({ role, backendRoles }) =>
    role === ALL_ACCESS ? backendRoles : [],
  )
  return new Set([...granted, ...ofGroups, ...ofAll])
}

function ofKind<Kind extends Change['kind']>(state: readonly Change[], kind: Kind): readonly ChangeOf<Kind>[] {
  return state.filter((change): change is ChangeOf<Kind> => change.kind === kind)
}

/** Two states with one digest have the same border: what was sent of the one may be followed by what is sent of the other. */
export function scopeDigest(scope: SidecarScope): string {
  const parts = Object.entries(scope).map(([name, value]: [string, string | ReadonlySet<string>]) => [
    name,
    typeof value === 'string' ? value : [...value].sort(),
  ])
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** All of the state that is within. */
export function contentOf(scope: SidecarScope, state: readonly Change[]): readonly Change[] {
  return state.flatMap((change) => withinScope(scope, change) ?? [])
}

/** One change of the log, after the state that the scope was made from. */
export function followed(scope: SidecarScope, change: Change): ScopedChange {
  if (movesBorder(scope, change)) return RELOAD
  const within = withinScope(scope, change) ?? endedKey(scope, change)
  return within === undefined ? DROP : { kind: 'send', change: within }
}

function movesBorder(scope: SidecarScope, change: Change): boolean {
  switch (change.kind) {
    case 'deployment':
      return scope.registered.has(change.name)
    case 'sidecar':
      return change.name === scope.sidecar
    case 'member':
      return change.status === 'active' && scope.projects.has(change.project) && !scope.users.has(change.user)
    case 'model':
      return scope.models.has(change.id)
    case 'model-group':
      return scope.modelGroups.has(change.id)
    case 'role-mapping':
      return change.role === ALL_ACCESS
    case 'sign-in':
      return !scope.users.has(change.user) && change.groups.some((group) => scope.externalGroups.has(group))
    case 'issuer':
    case 'token-key':
      return true
    case 'user':
    case 'project':
    case 'account':
    case 'service':
    case 'user-roles':
    case 'setting':
    case 'revocation':
    case 'token-revocation':
    case 'api-key':
    case 'session':
    case 'proxy':
    case 'quarantine':
    case 'user-links':
    case 'crl':
      return false
    default:
      return change satisfies never
  }
}

/** A key that may do nothing here by now: what was known of it before must go. */
function endedKey(scope: SidecarScope, change: Change): Change | undefined {
  if (change.kind !== 'api-key' || !scope.users.has(change.user)) return undefined
  return { ...change, scopes: [], reach: { kind: 'user' }, deployments: [], status: 'ended' }
}

/** The change with what is needed of it; undefined for one that is not within. */
function withinScope(scope: SidecarScope, change: Change): Change | undefined {
  switch (change.kind) {
    case 'user':
      return scope.users.has(change.name) ? change : undefined
    case 'project':
      return scope.projects.has(change.name) ? change : undefined
    case 'member':
    case 'account':
      return scope.projects.has(change.project) ? change : undefined
    case 'service':
      return scope.services.has(change.name) ? { ...change, dnsNames: [], roles: [], projects: [] } : undefined
    case 'deployment':
      return scope.deployments.has(change.name) ? change : undefined
    case 'model-group':
      return scope.modelGroups.has(change.id) ? groupWithin(scope, change) : undefined
    case 'model':
      return scope.models.has(change.id) ? { ...change, creator: '' } : undefined
    case 'role-mapping':
      return change.role === ALL_ACCESS ? mappingWithin(scope, change) : undefined
    case 'user-roles':
      return scope.users.has(change.user) ? { ...change, roles: rolesIn(scope, change.roles) } : undefined
    case 'sign-in':
      return scope.users.has(change.user) ? { ...change, groups: rolesIn(scope, change.groups) } : undefined
    case 'api-key':
      return keyWithin(scope, change)
    case 'setting':
    case 'revocation':
    case 'token-revocation':
      return change
    case 'session':
    case 'proxy':
    case 'sidecar':
    case 'quarantine':
    case 'user-links':
    case 'token-key':
    case 'issuer':
    case 'crl':
      return undefined
    default:
      return change satisfies never
  }
}

function rolesIn(scope: SidecarScope, names: readonly string[]): readonly string[] {
  return names.filter((name) => scope.roles.has(name))
}

/** An owner of another project cannot call here, so its name is nobody's business; a group without owner opens to nobody more. */
function groupWithin(scope: SidecarScope, { owner, ...group }: ChangeOf<'model-group'>): Change {
  return owner !== undefined && isWithin(scope, owner) ? { ...group, owner } : group
}

function mappingWithin(scope: SidecarScope, mapping: ChangeOf<'role-mapping'>): Change {
  return { ...mapping, users: mapping.users.filter((name) => isWithin(scope, name)) }
}

/** A user, a service, or an account of a project (`P__sa-x`). */
function isWithin({ users, services, projects }: SidecarScope, name: string): boolean {
  const [project, ...rest] = name.split('__')
  if (rest.length > 0) return project !== undefined && projects.has(project)
  return users.has(name) || services.has(name)
}

/** Keys with which models are called. */
function keyWithin(scope: SidecarScope, key: ChangeOf<'api-key'>): Change | undefined {
  if (!scope.users.has(key.user) || !key.scopes.includes('SERVING') || key.reach.kind === 'platform') return undefined
  if (key.reach.kind === 'project' && !scope.projects.has(key.reach.project)) return undefined
  const { deployments } = key
  const named = deployments === 'all' ? deployments : deployments.filter((name) => scope.deployments.has(name))
  return { ...key, scopes: ['SERVING'], deployments: named }
}
