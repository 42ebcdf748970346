// The snapshot of this process, kept up to date by folding the change log into it, in constant time for each change.
//
// A batch is folded without a pause, so a decision sees all of it or nothing. Entries are whole states, so one that comes
// twice (once from the process's own write, once from the poll) changes nothing. A number that is left out means that
// something was missed: it throws, nothing is decided any more, and the caller reads again from `revision` or loads afresh.
import { type AccessRules, DEFAULT_ACCESS_RULES } from '../domain/access-policy.ts'
import type { Change, NumberedChange } from '../domain/change.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { Quarantine } from '../domain/quarantine.ts'
import { SnapshotState } from './snapshot-state.ts'
import type {
  ApiKeyView,
  AccountView,
  DeploymentView,
  MemberView,
  ModelGroupView,
  ModelView,
  ProjectView,
  ProxyView,
  RoleMappingView,
  ServiceView,
  SessionView,
  SidecarView,
  SignInView,
  Snapshot,
  UserView,
} from './snapshot.ts'

/** Longest time for which a snapshot may go unconfirmed before decisions stop. */
const STALE_AFTER_MILLISECONDS = 5_000

/** A change was left out: read the log again from `revision`. */
export class SnapshotGap extends CodedError<'snapshot_gap'> {
  constructor(revision: number, next: number) {
    super('snapshot_gap', { revision, next })
  }
}

/** A state was read that is older than what has been decided with: loading it could undo a revocation. */
export class SnapshotBehind extends CodedError<'snapshot_behind'> {
  constructor(revision: number, loaded: number) {
    super('snapshot_behind', { revision, loaded })
  }
}

const NONE: readonly DeploymentView[] = Object.freeze([])
const NO_ROLES: ReadonlySet<string> = new Set()

/** A state that is being read, to take the place of the one that there is. */
export interface SnapshotLoad {
  take(change: Change): void
  /** Everything was told, as it stood at `revision`. Throws `SnapshotBehind`. */
  finish(revision: number): void
}

export class LiveSnapshot implements Snapshot {
  readonly staleAfterMilliseconds: number
  #state = new SnapshotState()
  #revision = 0
  #expected = 0
  #confirmedAtMilliseconds = -Infinity

  #rules: AccessRules

  constructor(staleAfterMilliseconds: number = STALE_AFTER_MILLISECONDS, rules: AccessRules = DEFAULT_ACCESS_RULES) {
    this.staleAfterMilliseconds = staleAfterMilliseconds
    this.#rules = rules
  }

  get rules(): AccessRules {
    return this.#rules
  }

  /** What the configuration says from now on: all of it, so that what was taken out is gone (row OS47). */
  govern(rules: AccessRules): void {
    this.#rules = rules
  }

  get modelAccessControl(): 'enabled' | 'disabled' {
    return this.#state.modelAccessControl
  }

  get quarantine(): Quarantine {
    return this.#state.quarantine
  }

  get revision(): number {
    return this.#revision
  }

  get expectedRevision(): number {
    return Math.max(this.#revision, this.#expected)
  }

  get confirmedAtMilliseconds(): number {
    // In quarantine too, so that whoever forgets to ask about it refuses all the same.
    if (this.#revision < this.#expected || this.#state.quarantine.kind === 'quarantined') return -Infinity
    return this.#confirmedAtMilliseconds
  }

  /** Folds changes in the order of their numbers; those it has are skipped. Throws `SnapshotGap`. */
  apply(changes: Iterable<NumberedChange>): void {
    for (const { seq, change } of changes) {
      if (seq <= this.#revision) continue
      if (seq !== this.#revision + 1) {
        this.expect(seq)
        throw new SnapshotGap(this.#revision, seq)
      }
      this.#state.fold(change)
      this.#revision = seq
    }
  }

  /**
   * Replaces everything by `state`, one change for each thing there is, as read at `revision` in one consistent read.
   * Throws `SnapshotBehind` when this snapshot has meanwhile gone further.
   */
  load(state: Iterable<Change>, revision: number): void {
    if (revision < this.#revision) throw new SnapshotBehind(this.#revision, revision)
    const load = this.beginLoad()
    for (const change of state) load.take(change)
    load.finish(revision)
  }

  /** The same for a state that is told piece by piece: nothing of it is seen before it is finished. */
  beginLoad(): SnapshotLoad {
    const fresh = new SnapshotState()
    return {
      take: (change) => fresh.fold(change),
      finish: (revision) => {
        if (revision < this.#revision) throw new SnapshotBehind(this.#revision, revision)
        this.#state = fresh
        this.#revision = revision
      },
    }
  }

  /**
   * What a feed tells that leaves out what is not for this process: `revision` is the last number that it has looked at. The feed
   * vouches for the order, and that nothing is missing.
   */
  applyFeed(changes: Iterable<Change>, revision: number): void {
    for (const change of changes) this.#state.fold(change)
    this.#revision = revision
  }

  /** Numbers begin again, as after a restore: everything is replaced, and nothing is confirmed. */
  begin(state: Iterable<Change>, revision: number): void {
    const fresh = new SnapshotState()
    for (const change of state) fresh.fold(change)
    this.#state = fresh
    this.#revision = revision
    this.#expected = revision
    this.#confirmedAtMilliseconds = -Infinity
  }

  /** Nothing is decided with it until it is confirmed again. */
  distrust(): void {
    this.#confirmedAtMilliseconds = -Infinity
  }

  /** A change of that number is committed: until it is in here, this snapshot is not confirmed. */
  expect(seq: number): void {
    if (seq > this.#expected) this.#expected = seq
  }

  /**
   * Everything committed before `askedAtMilliseconds` is in it. Give the monotonic time at which the question to the log
   * was sent, not the one at which its answer came: what was committed in between may be missing.
   */
  confirm(askedAtMilliseconds: number): void {
    if (askedAtMilliseconds > this.#confirmedAtMilliseconds) this.#confirmedAtMilliseconds = askedAtMilliseconds
  }

  /** Drops revocations that can no longer matter. Returns how many. */
  forgetExpired(now: Date): number {
    return this.#state.forgetExpired(now)
  }

  user(name: string): UserView | undefined {
    return this.#state.users.get(name)
  }

  project(name: string): ProjectView | undefined {
    return this.#state.projects.get(name)
  }

  member(project: string, user: string): MemberView | undefined {
    return this.#state.members.get(project)?.get(user)
  }

  account(project: string, account: string): AccountView | undefined {
    return this.#state.accounts.get(project)?.get(account)
  }

  service(name: string): ServiceView | undefined {
    return this.#state.services.get(name)
  }

  deployment(name: string): DeploymentView | undefined {
    return this.#state.deployments.get(name)
  }

  deploymentsOfHost(host: string): readonly DeploymentView[] {
    return this.#state.deploymentsByHost.get(host) ?? NONE
  }

  model(id: string): ModelView | undefined {
    return this.#state.models.get(id)
  }

  isModel(text: string): boolean {
    return this.#state.models.get(text)?.hidden === false || this.#state.modelNames.has(text)
  }

  /** This process reads the inventory: what it confirms, it knows. */
  revocationsGoodUntil(): number {
    return Infinity
  }

  modelGroup(id: string): ModelGroupView | undefined {
    return this.#state.modelGroups.get(id)
  }

  proxyOf(service: string): ProxyView | undefined {
    return this.#state.proxies.get(service)
  }

  sidecar(name: string): SidecarView | undefined {
    return this.#state.sidecars.get(name)
  }

  assignedRoles(user: string): ReadonlySet<string> {
    return this.#state.assignedRoles.get(user) ?? NO_ROLES
  }

  roleMapping(role: string): RoleMappingView | undefined {
    return this.#state.roleMappings.get(role)
  }

  deploymentsServedBy(service: string): readonly DeploymentView[] {
    return [...this.#state.deployments.values()].filter((deployment) => deployment.service === service)
  }

  /** Also of a certificate below a CA that was revoked. */
  revocation(issuer: string, serial: string): 'revoked' | 'held' | undefined {
    return this.#state.revokedAuthorities.has(issuer) ? 'revoked' : this.listed(issuer, serial)
  }

  /** Of the certificate itself. */
  listed(issuer: string, serial: string): 'revoked' | 'held' | undefined {
    return this.#state.revocations.get(issuer)?.get(serial)?.status
  }

  tokenRevoked(jti: string): boolean {
    return this.#state.revokedTokens.has(jti)
  }

  apiKey(prefix: string): ApiKeyView | undefined {
    return this.#state.apiKeys.get(prefix)
  }

  session(id: string): SessionView | undefined {
    return this.#state.sessions.get(id)
  }

  signIn(user: string): SignInView | undefined {
    return this.#state.signIns.get(user)
  }

  membershipsOf(user: string): readonly MemberView[] {
    return [...this.#state.members.values()].flatMap((ofProject) => ofProject.get(user) ?? [])
  }
}
