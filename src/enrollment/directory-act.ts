// What every act on the directory shares: who asked, once per Idempotency-Key, its audit event, and the end of an identity
// in its name. The acts themselves look who may.
import type { AuditAct } from '../domain/audit-event.ts'
import { actorOf, type Caller } from '../domain/caller.ts'
import type { Facts } from '../domain/coded-error.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { UserName } from '../domain/user-name.ts'
import type { Job } from '../directory/entities.ts'
import type { ActContext, RequestOrigin } from './act-context.ts'
import type { EndedKeys } from './api-key-store.ts'
import { endApiKeys } from './end-api-keys.ts'
import { endIdentity } from './end-identity.ts'
import { endJob } from './end-job.ts'
import { type IdempotentRequest, type KeptResult, onceFor } from './idempotency.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface Asked {
  readonly caller: Caller
  readonly idempotent?: IdempotentRequest | undefined
  readonly origin: RequestOrigin
  /** As audit events write it, where nobody asked: `sync:PROVIDER`. */
  readonly actor?: string
}

export function actorIn({ caller, actor }: Asked): string {
  return actor ?? actorOf(caller)
}

/** What the caller may do was looked at before: for a replay too. */
export function once<Result>(
  context: ActContext,
  tx: UnitOfWork,
  { caller, idempotent }: Asked,
  kept: KeptResult<Result>,
  perform: () => Promise<Result>,
): Promise<Result> {
  return onceFor(context, tx, actorOf(caller), idempotent, kept, perform)
}

export async function audit(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  act: AuditAct,
  object: string,
  details: Facts,
): Promise<void> {
  const { requestId } = asked.origin
  await tx.audit({ at: context.clock.now(), actor: actorIn(asked), act, object, requestId, details })
}

export async function end(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  identity: string,
  reason: RevocationReason,
): Promise<void> {
  const { origin } = asked
  await endIdentity(tx, { identity, reason, at: context.clock.now(), actor: actorIn(asked), origin })
}

export async function endJobs(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  jobs: readonly Job[],
  reason: RevocationReason,
): Promise<void> {
  const [actor, origin] = [actorIn(asked), asked.origin]
  for (const job of jobs) await endJob(tx, job, { reason, at: context.clock.now(), actor, origin })
}

export async function endKeys(context: ActContext, tx: UnitOfWork, asked: Asked, which: EndedKeys): Promise<void> {
  await endApiKeys(tx, which, { at: context.clock.now(), actor: actorIn(asked), origin: asked.origin })
}

/** What a membership holds, and its jobs. The membership itself is the caller's to end. */
export async function endMember(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  project: ProjectName,
  user: UserName,
  reason: RevocationReason,
): Promise<void> {
  await end(context, tx, asked, `member:${project}__${user}`, reason)
  await endJobs(context, tx, asked, await tx.activeJobsOf(project, user), reason)
  // Its certificates are revoked by now, in this transaction: none of them is left without a key that can be named.
  await tx.deleteKeptKey(project, user)
  await endKeys(context, tx, asked, { kind: 'of-member', project, user })
}
