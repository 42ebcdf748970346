// What every act on model groups, models and roles shares: who asked, with which rights at that moment, once per Idempotency-Key, and
// its audit event.
import type { AccessRules } from '../domain/access-policy.ts'
import type { AuditAct } from '../domain/audit-event.ts'
import type { Facts } from '../domain/coded-error.ts'
import type { MlAction } from '../access/ml-permissions.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import { type IdempotentRequest, type KeptResult, onceFor } from './idempotency.ts'
import {
  actorOfAsker,
  askerStillGood,
  type ModelActor,
  type ModelAsker,
  modelActorOf,
  requirePermission,
} from './model-asker.ts'
import type { AccessSwitch } from './model-store.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface AskedOfModels {
  readonly asker: ModelAsker
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
}

export interface ModelContext extends ActContext {
  /** What the configuration says at that moment. */
  readonly accessRules: () => AccessRules
}

/** The transaction of one act, with who asks and what holds while it lasts. */
export interface ModelAct {
  readonly context: ModelContext
  readonly tx: UnitOfWork
  readonly asked: AskedOfModels
  readonly actor: ModelActor
  readonly rules: AccessRules
  /** Held for the act: nobody turns the switch meanwhile. */
  readonly control: AccessSwitch
  readonly at: Date
}

/** Throws what `requirePermission` and `perform` throw. */
export async function actOnModels<Result>(
  context: ModelContext,
  asked: AskedOfModels,
  action: MlAction,
  kept: KeptResult<Result>,
  perform: (act: ModelAct) => Promise<Result>,
): Promise<Result> {
  return context.acts.run(async (tx) => {
    const at = context.clock.now()
    await askerStillGood(tx, asked.asker, at)
    const rules = context.accessRules()
    const control = await tx.accessSwitch('share')
    const actor = await modelActorOf(tx, asked.asker, rules)
    requirePermission(actor, action)
    const act: ModelAct = { context, tx, asked, actor, rules, control, at }
    return onceFor(context, tx, actorOfAsker(asked.asker), asked.idempotent, kept, () => perform(act))
  })
}

export async function auditModels(
  { tx, asked, at }: ModelAct,
  act: AuditAct,
  object: string,
  details: Facts,
): Promise<void> {
  await tx.audit({ at, actor: actorOfAsker(asked.asker), act, object, requestId: asked.origin.requestId, details })
}
