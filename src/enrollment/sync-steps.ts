// The single steps of a plan, each with its second look under lock: what it was planned by is still so, or the plan does not
// fit any more. What a rule forbids for one person (a quota, the last administrator, the last owner) is held back and told.
import { NameRejected } from '../domain/name-rules.ts'
import { NameTaken } from '../domain/name-taken.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { Member, User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { keepKey, type PreparedKey } from './custody.ts'
import type { Asked } from './directory-act.ts'
import { changeRole, insertMember, shutOut, takeOut } from './member-steps.ts'
import { refuseLastAdministrator } from './other-user.ts'
import { requireQuota } from './quota.ts'
import type { PlannedMember, SyncPlan } from './sync-plan.ts'
import { SyncRefused } from './sync-refused.ts'
import { syncActor } from './sync-state.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export type SyncStep =
  | { readonly kind: 'add' | 'change' | 'remove'; readonly member: PlannedMember }
  | { readonly kind: 'block'; readonly user: UserName }

/** What was not done, and by which rule. */
export interface HeldBack {
  /** `member:PROJECT__USER`, `user:USER`. */
  readonly of: string
  readonly code: 'quota_exceeded' | 'name_rejected' | 'last_owner' | 'last_administrator'
}

export interface SyncRun {
  readonly provider: string
  readonly origin: RequestOrigin
  /** `confirmed`: an administrator saw that a project loses its last owner. */
  readonly lastOwner: 'stays' | 'confirmed'
}

/** Owners come before owners leave. */
export function stepsOf({ add, change, remove, block }: SyncPlan): readonly SyncStep[] {
  const steps = [
    ...add.map((member): SyncStep => ({ kind: 'add', member })),
    ...change.map((member): SyncStep => ({ kind: 'change', member })),
  ]
  const makesOwner = (step: SyncStep): boolean => step.kind !== 'block' && step.member.role === 'owner'
  return [
    ...steps.filter(makesOwner),
    ...steps.filter((step) => !makesOwner(step)),
    ...remove.map((member): SyncStep => ({ kind: 'remove', member })),
    ...block.map((user): SyncStep => ({ kind: 'block', user })),
  ]
}

/** Undefined: done. Throws `SyncRefused('sync_plan_changed')`, and then nothing of the transaction is kept. */
export async function takeStep(
  context: ActContext,
  tx: UnitOfWork,
  run: SyncRun,
  step: SyncStep,
  key: PreparedKey | undefined,
): Promise<HeldBack | undefined> {
  const of = step.kind === 'block' ? `user:${step.user}` : `member:${step.member.project}__${step.member.user}`
  const code = await take(context, tx, run, step, key).catch((error: unknown) => codeHeldBack(error))
  return code && { of, code }
}

/** A refusal comes before anything was written for this step. */
function codeHeldBack(error: unknown): HeldBack['code'] {
  if (error instanceof NameRejected) return error.code
  if (error instanceof DirectoryRefused) {
    const { code } = error
    if (code === 'quota_exceeded' || code === 'last_owner' || code === 'last_administrator') return code
  }
  if (error instanceof NameTaken) throw new SyncRefused('sync_plan_changed', { ...error.facts })
  throw error
}

async function take(
  context: ActContext,
  tx: UnitOfWork,
  run: SyncRun,
  step: SyncStep,
  key: PreparedKey | undefined,
): Promise<undefined> {
  switch (step.kind) {
    case 'add':
      return add(context, tx, run, step.member, key)
    case 'change':
      return change(context, tx, run, step.member)
    case 'remove':
      return remove(context, tx, run, step.member)
    case 'block':
      return block(context, tx, run, step.user)
    default:
      return step satisfies never
  }
}

async function add(
  context: ActContext,
  tx: UnitOfWork,
  run: SyncRun,
  { project, user, role }: PlannedMember,
  key: PreparedKey | undefined,
): Promise<undefined> {
  projectUserName(project, user, context.policy.names)
  const found = await linkedUser(tx, run, user, role === 'owner' ? 'update' : 'share')
  const place = await tx.project(project, 'share')
  const before = await tx.membership(project, user, 'none')
  if (place?.status !== 'active' || before?.member.status === 'active') throw changed({ project, user })
  if ((await tx.custodyOf(project)) !== (key !== undefined)) throw changed({ project })
  if (role === 'owner') await requireQuota(context, tx, found)
  await insertMember(context, tx, askedOf(run), { project, user, role })
  if (key !== undefined) await keepKey(context, tx, askedOf(run), key)
}

async function change(
  context: ActContext,
  tx: UnitOfWork,
  run: SyncRun,
  { project, user, role }: PlannedMember,
): Promise<undefined> {
  const { member, user: found } = await ownMember(tx, run, { project, user })
  if (member.role === role) throw changed({ project, user })
  if (role === 'owner') await requireQuota(context, tx, found)
  else await refuseLastOwner(tx, run, member)
  await changeRole(context, tx, askedOf(run), member, role)
}

async function remove(
  context: ActContext,
  tx: UnitOfWork,
  run: SyncRun,
  { project, user, role }: PlannedMember,
): Promise<undefined> {
  const { member } = await ownMember(tx, run, { project, user })
  if (member.role !== role) throw changed({ project, user })
  if (role === 'owner') await refuseLastOwner(tx, run, member)
  await takeOut(context, tx, askedOf(run), member)
}

async function block(context: ActContext, tx: UnitOfWork, run: SyncRun, name: UserName): Promise<undefined> {
  const user = await linkedUser(tx, run, name, 'update')
  await refuseLastAdministrator(tx, user)
  for (const member of await tx.membershipsOf(name)) {
    if (member.role === 'owner') await refuseLastOwner(tx, run, member)
  }
  await shutOut(context, tx, askedOf(run), user)
}

/** Active, and still linked to the provider. */
async function linkedUser(
  tx: UnitOfWork,
  { provider }: SyncRun,
  name: UserName,
  lock: 'share' | 'update',
): Promise<User> {
  const user = await tx.user(name, lock)
  const links = await tx.linksOf(name)
  if (user?.status !== 'active' || !links.some((link) => link.provider === provider)) throw changed({ user: name })
  return user
}

/** An active member whom this sync added, locked for `update` with their user. Members of blocked users are left alone. */
async function ownMember(
  tx: UnitOfWork,
  { provider }: SyncRun,
  { project, user }: Pick<Member, 'project' | 'user'>,
): Promise<{ readonly member: Member; readonly user: User }> {
  const found = await tx.user(user, 'update')
  const membership = await tx.membership(project, user, 'update')
  const isThere = membership?.member.status === 'active' && membership.project.status === 'active'
  if (!isThere || found?.status !== 'active' || membership.member.addedBy !== syncActor(provider)) {
    throw changed({ project, user })
  }
  return { member: membership.member, user: found }
}

/** Throws `DirectoryRefused('last_owner')`. The member is an active owner, and its user is active. */
async function refuseLastOwner(
  tx: UnitOfWork,
  { lastOwner }: SyncRun,
  { project, user }: Pick<Member, 'project' | 'user'>,
): Promise<void> {
  if (lastOwner === 'stays' && (await tx.countActiveOwners(project)) === 1) {
    throw new DirectoryRefused('last_owner', { project, user })
  }
}

function changed(facts: Readonly<Record<string, string>>): SyncRefused {
  return new SyncRefused('sync_plan_changed', facts)
}

/** Nobody's rights are used: the plan was looked at before, and events name the sync. */
function askedOf({ provider, origin }: SyncRun): Asked {
  return { caller: { kind: 'anonymous' }, actor: syncActor(provider), origin }
}
