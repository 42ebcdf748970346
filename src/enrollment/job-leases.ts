// Ends jobs whose lease has lapsed, with all that they hold, within a second (CP §4.13). Every process does this twice a
// second; the row of the lease clock is locked meanwhile, so each lapse is seen by one of them.
import { actorOf, type Caller } from '../domain/caller.ts'
import type { AuditAct } from '../domain/audit-event.ts'
import type { Facts } from '../domain/coded-error.ts'
import type { Job } from '../directory/entities.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { endJob } from './end-job.ts'
import { endSupersededTokens } from './end-superseded-tokens.ts'
import { EnrollmentRefused } from './errors.ts'
import { type IdempotentRequest, keptAsJson, onceFor } from './idempotency.ts'
import { judgeLapses } from './lease-brake.ts'
import { LeaseClock } from './lease-clock.ts'
import type { LapseCount, LeaseState } from './lease-store.ts'
import { requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Jobs that are ended in one transaction: acts wait meanwhile. What is left is ended with the next look. */
const ENDED_AT_ONCE = 200

export interface LeaseReport {
  /** Jobs that this look has ended. */
  readonly ended: number
  /** Jobs that have lapsed and wait, while ending is paused. */
  readonly waiting: number
  readonly isPaused: boolean
}

const NOTHING: LeaseReport = { ended: 0, waiting: 0, isPaused: false }

export class JobLeases {
  readonly #context: ActContext
  readonly #clock: LeaseClock

  constructor(context: ActContext) {
    this.#context = context
    const { graceSeconds } = context.policy.credentials.job
    this.#clock = new LeaseClock(graceSeconds, context.clock.monotonicMilliseconds())
  }

  /** One look. Called at least every two seconds, or leases stand still. */
  async look(): Promise<LeaseReport> {
    const at = this.#context.clock.monotonicMilliseconds()
    await endSupersededTokens(this.#context)
    const { report, clock } = await this.#context.acts.run((tx) => this.#sweep(tx, at))
    this.#clock.saw(clock, at)
    return report
  }

  async #sweep(tx: UnitOfWork, at: number): Promise<{ readonly report: LeaseReport; readonly clock: number }> {
    const before = await tx.leaseState('update')
    if (before.pausedAt === undefined && !(await tx.anyActiveJob())) return { report: NOTHING, clock: before.clock }
    const clock = this.#clock.next(before, at)
    const { state, report } = await endLapsed(this.#context, tx, { ...before, clock })
    if (!isSame(before, state)) await tx.setLeaseState(state)
    return { report, clock }
  }
}

function isSame(one: LeaseState, other: LeaseState): boolean {
  return one.clock === other.clock && one.pausedAt === other.pausedAt && one.releasedUntil === other.releasedUntil
}

interface Swept {
  readonly state: LeaseState
  readonly report: LeaseReport
}

async function endLapsed(context: ActContext, tx: UnitOfWork, state: LeaseState): Promise<Swept> {
  const policy = context.policy.credentials.job
  const count = await tx.countLapses(state, state.clock - policy.brakeWindowSeconds * 1000)
  const isMany = state.pausedAt !== undefined || count.lapsed + count.ended > policy.brakeJobs
  const active = isMany ? await tx.countActiveJobs() : count.lapsed
  const verdict = isMany ? judgeLapses(state, count, active, policy) : 'end'
  const released = await tx.lapsedJobs(state.releasedUntil, ENDED_AT_ONCE)
  await endAll(context, tx, released, undefined)
  switch (verdict) {
    case 'end':
      return ended(state, released.length + (await endOrdinary(context, tx, state)))
    case 'pause':
      await tell(context, tx, 'lease.pause', 'system', factsOf(count, active))
      return paused(context, tx, { ...state, pausedAt: state.clock }, count, released.length)
    case 'wait':
      return paused(context, tx, state, count, released.length)
    case 'resume':
      await tell(context, tx, 'lease.resume', 'system', factsOf(count, active))
      return ended(resumed(state), released.length)
    default:
      return verdict satisfies never
  }
}

const ended = (state: LeaseState, jobs: number): Swept => ({ state, report: { ...NOTHING, ended: jobs } })

/** What has lapsed until now ends with the next look, and is not counted again. */
function resumed({ clock }: LeaseState): LeaseState {
  return { clock, releasedUntil: clock }
}

/** While ending is paused, those end all the same whose certificate has ended: they hold nothing that could be used. */
async function paused(
  context: ActContext,
  tx: UnitOfWork,
  state: LeaseState,
  { lapsed }: LapseCount,
  released: number,
): Promise<Swept> {
  const over = await tx.bareLapsedJobs(state.clock, context.clock.now(), ENDED_AT_ONCE)
  await endAll(context, tx, over, undefined)
  const waiting = Math.max(0, lapsed - over.length)
  return { state, report: { ended: released + over.length, waiting, isPaused: true } }
}

async function endOrdinary(context: ActContext, tx: UnitOfWork, { clock }: LeaseState): Promise<number> {
  const lapsed = await tx.lapsedJobs(clock, ENDED_AT_ONCE)
  await endAll(context, tx, lapsed, clock)
  return lapsed.length
}

/** `lapsedAt`: by the lease clock, where the brake is to count it. */
async function endAll(
  context: ActContext,
  tx: UnitOfWork,
  jobs: readonly Job[],
  lapsedAt: number | undefined,
): Promise<void> {
  const at = context.clock.now()
  for (const job of jobs) {
    const lapsed = lapsedAt === undefined ? job : { ...job, lapsedAt }
    const by = { at, actor: 'system', origin: { requestId: '' }, why: 'lease' } as const
    await endJob(tx, lapsed, { ...by, reason: 'cessationOfOperation' })
  }
}

function factsOf({ lapsed, ended: gone }: LapseCount, active: number): Facts {
  return { lapsed, endedOfLate: gone, active }
}

async function tell(context: ActContext, tx: UnitOfWork, act: AuditAct, actor: string, details: Facts): Promise<void> {
  await tx.audit({ at: context.clock.now(), actor, act, object: 'job-leases', requestId: '', details })
}

export interface LeaseOverview {
  readonly active: number
  readonly lapsed: number
  readonly isPaused: boolean
  /** Of the pause, in seconds of lease time. */
  readonly resumesInSeconds?: number
}

/** For administrators: how many, and never whose. */
export async function leaseOverview(context: ActContext, caller: Caller): Promise<LeaseOverview> {
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, caller, context.clock.now())
    return overviewOf(context, tx, await tx.leaseState('none'))
  })
}

async function overviewOf(context: ActContext, tx: UnitOfWork, state: LeaseState): Promise<LeaseOverview> {
  const { lapsed } = await tx.countLapses(state, state.clock)
  const active = await tx.countActiveJobs()
  const { pausedAt } = state
  if (pausedAt === undefined) return { active, lapsed, isPaused: false }
  const left = pausedAt + context.policy.credentials.job.pauseSeconds * 1000 - state.clock
  return { active, lapsed, isPaused: true, resumesInSeconds: Math.max(0, Math.ceil(left / 1000)) }
}

interface Confirmation {
  readonly caller: Caller
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

const KEPT_OVERVIEW = keptAsJson<LeaseOverview>()

/** An administrator says that those jobs are dead indeed: they end with the next look. Throws `EnrollmentRefused`. */
export async function confirmLapses(context: ActContext, asked: Confirmation): Promise<LeaseOverview> {
  const { caller, idempotent, origin } = asked
  return context.acts.run(async (tx) => {
    const at = context.clock.now()
    await requireAdministrator(tx, caller, at)
    const actor = actorOf(caller)
    return onceFor(context, tx, actor, idempotent, KEPT_OVERVIEW, async () => {
      const state = await tx.leaseState('update')
      if (state.pausedAt === undefined) throw new EnrollmentRefused('leases_not_paused')
      const { lapsed } = await tx.countLapses(state, state.clock)
      await tx.setLeaseState(resumed(state))
      const { requestId } = origin
      await tx.audit({ at, actor, act: 'lease.confirm', object: 'job-leases', requestId, details: { lapsed } })
      return overviewOf(context, tx, resumed(state))
    })
  })
}
