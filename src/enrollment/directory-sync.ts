// Holds members of projects in step with the groups of a directory (rule 25). One run reads the directory outside of every
// transaction, plans by what the database holds then, and carries the plan out in short transactions that look again. Of
// several processes the newest run alone changes something: each transaction holds the row of the sync and its fencing number.
import { actorOf, type Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { Facts } from '../domain/coded-error.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { prepareKey, type PreparedKey } from './custody.ts'
import type { DirectoryReading, DirectorySource, Unread } from './directory-source.ts'
import { requireAdministrator } from './second-look.ts'
import { type Brake, brakesOf, digestOf, isEmpty, planSync, type SyncPlan } from './sync-plan.ts'
import { SyncRefused } from './sync-refused.ts'
import { readSyncState, syncActor } from './sync-state.ts'
import { type HeldBack, stepsOf, type SyncRun, type SyncStep, takeStep } from './sync-steps.ts'
import type { SyncRecord, WaitingPlan } from './sync-store.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Steps in one transaction: other acts wait meanwhile. */
const STEPS_AT_ONCE = 100
/** A process that died in a run keeps the others from beginning one for so long; reading a large directory takes its time. */
const HELD_SECONDS = 1800
/** After a run that could not do what it should. */
const RETRY_SECONDS = 60

export interface SyncDone {
  readonly provider: string
  /** Of the plan that was carried out. */
  readonly digest: string
  readonly added: number
  readonly changed: number
  readonly removed: number
  readonly blocked: number
  readonly heldBack: readonly HeldBack[]
}

/** Who has it run: the clock, or an administrator. */
export type SyncBy =
  | { readonly kind: 'clock' }
  | {
      readonly kind: 'administrator'
      readonly caller: Caller
      readonly origin: RequestOrigin
      /** The digest of the plan that they have seen. */
      readonly confirm: string | undefined
    }

type Ended =
  | { readonly kind: 'done'; readonly done: SyncDone }
  | { readonly kind: 'waits'; readonly waiting: WaitingPlan }
  | Unread
  | { readonly kind: 'changed'; readonly facts: Facts }

/** By an administrator. Throws `SyncRefused` for whatever keeps the plan from being carried out. */
export async function runSync(
  context: ActContext,
  source: DirectorySource,
  by: Extract<SyncBy, { readonly kind: 'administrator' }>,
): Promise<SyncDone> {
  const { provider } = source
  const claim = await begin(context, source, by)
  if (claim === undefined) throw new SyncRefused('sync_superseded', { provider })
  const ended = await carryOn(context, source, by, claim)
  switch (ended.kind) {
    case 'done':
      return ended.done
    case 'waits': {
      const { digest, brakes, plan } = ended.waiting
      throw new SyncRefused('sync_waits', { provider, digest, brakes, ...countsOf(plan) })
    }
    case 'unread':
      throw new SyncRefused('sync_unread', { provider, why: ended.why })
    case 'changed':
      throw new SyncRefused('sync_plan_changed', { provider, ...ended.facts })
    default:
      return ended satisfies never
  }
}

/** A run, if one is due and no other process has begun it. Gives what is known afterwards. */
export async function syncWhenDue(context: ActContext, source: DirectorySource): Promise<SyncRecord | undefined> {
  const { provider } = source
  const seen = await context.acts.run((tx) => tx.findSync(provider))
  if (seen !== undefined && !isDue(context, source, seen)) return seen
  const by: SyncBy = { kind: 'clock' }
  const claim = await begin(context, source, by)
  if (claim !== undefined) {
    await carryOn(context, source, by, claim).catch((error: unknown) => {
      // An administrator's run began meanwhile.
      if (!(error instanceof SyncRefused) || error.code !== 'sync_superseded') throw error
    })
  }
  return context.acts.run((tx) => tx.findSync(provider))
}

export interface SyncOverview {
  readonly record: SyncRecord | undefined
  /** What a run would do now. */
  readonly now:
    | { readonly kind: 'plan'; readonly digest: string; readonly brakes: readonly Brake[]; readonly plan: SyncPlan }
    | Unread
}

/** By an administrator: what a run would do. Changes nothing. */
export async function previewSync(context: ActContext, source: DirectorySource, caller: Caller): Promise<SyncOverview> {
  const subjects = await context.acts.run(async (tx) => {
    await requireAdministrator(tx, caller, context.clock.now())
    return subjectsOf(tx, source)
  })
  const reading = await source.read(subjects)
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, caller, context.clock.now())
    const record = await tx.findSync(source.provider)
    const now = isUnread(reading) ? reading : { kind: 'plan' as const, ...(await planned(tx, source, reading)) }
    return { record, now }
  })
}

interface Claim {
  readonly fence: number
  readonly subjects: readonly string[]
}

/** Undefined: the clock asked, and another process was first. */
async function begin(context: ActContext, source: DirectorySource, by: SyncBy): Promise<Claim | undefined> {
  return context.acts.run(async (tx) => {
    await authorise(context, tx, by)
    const record = await tx.syncRecord(source.provider)
    if (by.kind === 'clock' && !isDue(context, source, record)) return undefined
    const fence = record.fence + 1
    await tx.putSyncRecord({ ...record, fence, nextAt: addSeconds(context.clock.now(), heldSeconds(source)) })
    return { fence, subjects: await subjectsOf(tx, source) }
  })
}

/** A time that is too far away was written by a clock that has been set back since, or for a longer interval. */
function isDue({ clock }: ActContext, source: DirectorySource, { nextAt }: SyncRecord): boolean {
  const now = clock.now()
  return nextAt <= now || nextAt > addSeconds(now, heldSeconds(source))
}

function heldSeconds({ everySeconds }: DirectorySource): number {
  return Math.max(everySeconds, HELD_SECONDS)
}

async function subjectsOf(tx: UnitOfWork, { provider }: DirectorySource): Promise<readonly string[]> {
  return (await tx.syncedLinks(provider)).map(({ subject }) => subject)
}

/** Throws `SyncRefused('sync_superseded')` when another run has begun. */
async function carryOn(context: ActContext, source: DirectorySource, by: SyncBy, claim: Claim): Promise<Ended> {
  try {
    return await readAndApply(context, source, by, claim)
  } catch (error) {
    const isChange = error instanceof SyncRefused && error.code === 'sync_plan_changed'
    await letGo(context, source, claim)
    if (!isChange) throw error
    return { kind: 'changed', facts: error.facts }
  }
}

async function readAndApply(context: ActContext, source: DirectorySource, by: SyncBy, claim: Claim): Promise<Ended> {
  const reading = await source.read(claim.subjects)
  if (isUnread(reading)) {
    await noteUnread(context, source, by, claim, reading)
    return reading
  }
  const decision = await decide(context, source, by, claim, reading)
  if (decision.kind !== 'go') return decision
  const run: SyncRun = { provider: source.provider, origin: originOf(by), lastOwner: decision.lastOwner }
  const heldBack = await apply(context, by, claim, run, stepsOf(decision.plan))
  return { kind: 'done', done: await finish(context, source, by, claim, { ...decision, heldBack }) }
}

function isUnread(reading: DirectoryReading | Unread): reading is Unread {
  return 'kind' in reading
}

interface Planned {
  readonly plan: SyncPlan
  readonly digest: string
  readonly brakes: readonly Brake[]
}

async function planned(tx: UnitOfWork, source: DirectorySource, reading: DirectoryReading): Promise<Planned> {
  const state = await readSyncState(tx, source)
  const plan = planSync(source.groups, reading, state, source.vanished)
  return { plan, digest: digestOf(source.provider, plan), brakes: brakesOf(plan, state) }
}

type Decision =
  | { readonly kind: 'go'; readonly plan: SyncPlan; readonly digest: string; readonly lastOwner: SyncRun['lastOwner'] }
  | Extract<Ended, { readonly kind: 'waits' | 'changed' }>

/** Rule 25: what the brake holds is kept, told, and done only when exactly that is confirmed. */
async function decide(
  context: ActContext,
  source: DirectorySource,
  by: SyncBy,
  claim: Claim,
  reading: DirectoryReading,
): Promise<Decision> {
  return context.acts.run(async (tx) => {
    const record = await held(context, tx, source.provider, by, claim)
    const { plan, digest, brakes } = await planned(tx, source, reading)
    const confirm = by.kind === 'administrator' ? by.confirm : undefined
    if (confirm === digest)
      return { kind: 'go', plan, digest, lastOwner: brakes.includes('last_owner') ? 'confirmed' : 'stays' }
    if (brakes.length > 0) {
      const waiting = await keepWaiting(context, tx, source, by, record, { plan, digest, brakes })
      return confirm === undefined ? { kind: 'waits', waiting } : { kind: 'changed', facts: { digest } }
    }
    // Asked once more what was done before: there is nothing left of it.
    const isRepeated = confirm === record.done?.digest && isEmpty(plan)
    if (confirm === undefined || isRepeated) return { kind: 'go', plan, digest, lastOwner: 'stays' }
    await tx.putSyncRecord({ ...record, nextAt: context.clock.now() })
    return { kind: 'changed', facts: { digest } }
  })
}

async function keepWaiting(
  context: ActContext,
  tx: UnitOfWork,
  source: DirectorySource,
  by: SyncBy,
  { provider, fence, done, waiting: before }: SyncRecord,
  { plan, digest, brakes }: Planned,
): Promise<WaitingPlan> {
  const at = context.clock.now()
  const isKnown = before?.digest === digest
  const waiting: WaitingPlan = { since: isKnown ? before.since : at, digest, brakes, plan }
  const nextAt = addSeconds(at, source.everySeconds)
  await tx.putSyncRecord({ provider, fence, nextAt, ...(done === undefined ? {} : { done }), waiting })
  if (!isKnown) await tell(context, tx, provider, by, 'directory.wait', { digest, brakes, ...countsOf(plan) })
  return waiting
}

async function noteUnread(
  context: ActContext,
  { provider, everySeconds }: DirectorySource,
  by: SyncBy,
  claim: Claim,
  { why }: Unread,
): Promise<void> {
  await context.acts.run(async (tx) => {
    const record = await held(context, tx, provider, by, claim)
    const at = context.clock.now()
    const unread = { since: record.unread?.since ?? at, why }
    await tx.putSyncRecord({ ...record, nextAt: addSeconds(at, Math.min(everySeconds, RETRY_SECONDS)), unread })
    if (record.unread === undefined) await tell(context, tx, provider, by, 'directory.wait', { unread: why })
  })
}

async function apply(
  context: ActContext,
  by: SyncBy,
  claim: Claim,
  run: SyncRun,
  steps: readonly SyncStep[],
): Promise<readonly HeldBack[]> {
  const heldBack: HeldBack[] = []
  for (let start = 0; start < steps.length; start += STEPS_AT_ONCE) {
    const some = steps.slice(start, start + STEPS_AT_ONCE)
    const keys = await keysFor(context, some)
    const left = await context.acts.run(async (tx) => {
      await held(context, tx, run.provider, by, claim)
      const found: HeldBack[] = []
      for (const step of some) {
        const one = await takeStep(context, tx, run, step, keys.get(step))
        if (one !== undefined) found.push(one)
      }
      return found
    })
    heldBack.push(...left)
  }
  return heldBack
}

/** Of those who join a project in custody: made before the transaction waits for them. */
async function keysFor(context: ActContext, steps: readonly SyncStep[]): Promise<ReadonlyMap<SyncStep, PreparedKey>> {
  const { commonNameMaxLength } = context.policy.names
  const joining = steps.flatMap((step) => (step.kind === 'add' ? [step] : []))
  const projects = new Set(joining.map(({ member }) => member.project))
  const inCustody = await context.acts.run(async (tx) => {
    const kept = new Set<string>()
    for (const project of projects) if (await tx.custodyOf(project)) kept.add(project)
    return kept
  })
  const keys = new Map<SyncStep, PreparedKey>()
  for (const step of joining) {
    const { project, user } = step.member
    // A longer name is held back by its step.
    const isNamed = `${project}__${user}`.length <= commonNameMaxLength
    if (inCustody.has(project) && isNamed) keys.set(step, await prepareKey(context, step.member))
  }
  return keys
}

async function finish(
  context: ActContext,
  { provider, everySeconds }: DirectorySource,
  by: SyncBy,
  claim: Claim,
  {
    plan,
    digest,
    heldBack,
  }: { readonly plan: SyncPlan; readonly digest: string; readonly heldBack: readonly HeldBack[] },
): Promise<SyncDone> {
  const notDone = new Set(heldBack.map(({ of }) => of))
  const isDone = (members: SyncPlan['add']): number =>
    members.filter(({ project, user }) => !notDone.has(`member:${project}__${user}`)).length
  const counts = {
    added: isDone(plan.add),
    changed: isDone(plan.change),
    removed: isDone(plan.remove),
    blocked: plan.block.filter((user) => !notDone.has(`user:${user}`)).length,
  }
  return context.acts.run(async (tx) => {
    const { fence } = await held(context, tx, provider, by, claim)
    const at = context.clock.now()
    await tx.putSyncRecord({ provider, fence, nextAt: addSeconds(at, everySeconds), done: { at, digest } })
    const isSilent = by.kind === 'clock' && Object.values(counts).every((count) => count === 0)
    const details = { digest, ...counts, heldBack: heldBack.map(({ of, code }) => `${of} ${code}`) }
    if (!isSilent) await tell(context, tx, provider, by, 'directory.sync', details)
    return { provider, digest, ...counts, heldBack }
  })
}

/** The row, locked, while this run is the newest. Throws `SyncRefused('sync_superseded')`, `EnrollmentRefused`. */
async function held(
  context: ActContext,
  tx: UnitOfWork,
  provider: string,
  by: SyncBy,
  { fence }: Claim,
): Promise<SyncRecord> {
  await authorise(context, tx, by)
  const record = await tx.syncRecord(provider)
  if (record.fence !== fence) throw new SyncRefused('sync_superseded', { provider })
  return record
}

/** After a failure: the next run is soon. */
async function letGo(
  context: ActContext,
  { provider, everySeconds }: DirectorySource,
  { fence }: Claim,
): Promise<void> {
  await context.acts.run(async (tx) => {
    const record = await tx.syncRecord(provider)
    const nextAt = addSeconds(context.clock.now(), Math.min(everySeconds, RETRY_SECONDS))
    if (record.fence === fence) await tx.putSyncRecord({ ...record, nextAt })
  })
}

async function authorise(context: ActContext, tx: UnitOfWork, by: SyncBy): Promise<void> {
  if (by.kind === 'clock') return
  await requireAdministrator(tx, by.caller, context.clock.now())
}

function originOf(by: SyncBy): RequestOrigin {
  return by.kind === 'clock' ? { requestId: '' } : by.origin
}

async function tell(
  context: ActContext,
  tx: UnitOfWork,
  provider: string,
  by: SyncBy,
  act: 'directory.sync' | 'directory.wait',
  details: Facts,
): Promise<void> {
  const actor = by.kind === 'clock' ? syncActor(provider) : actorOf(by.caller)
  const { requestId } = originOf(by)
  await tx.audit({ at: context.clock.now(), actor, act, object: `provider:${provider}`, requestId, details })
}

function countsOf({ add, change, remove, block }: SyncPlan) {
  return { add: add.length, change: change.length, remove: remove.length, block: block.length }
}
