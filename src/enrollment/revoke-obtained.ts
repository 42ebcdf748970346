// One act revokes all that a requester obtained (CP §4.9.2): when the key of a launcher or of an administrator was stolen, nobody
// has to find out what the thief got with it. The requester itself goes on: it is blocked or removed by an act of its own.
import { actorOf, type Caller } from '../domain/caller.ts'
import type { Requester } from '../domain/requester.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit } from './directory-act.ts'
import { endApiKeys } from './end-api-keys.ts'
import { keptAsJson, onceFor } from './idempotency.ts'
import type { ObtainedCount } from './obtained-store.ts'
import { callerStillGood, requireAdministrator } from './second-look.ts'
import { tellOfEnded } from './tell-of-ended.ts'
import type { UnitOfWork } from './unit-of-work.ts'

interface RevocationOfAll extends Asked {
  readonly requester: Requester
  readonly reason: RevocationReason
}

const KEPT_COUNT = keptAsJson<ObtainedCount>()

/** By an administrator, or the requester itself. Gives what has ended; asked again, nothing is left to end. */
export async function revokeObtained(context: ActContext, asked: RevocationOfAll): Promise<ObtainedCount> {
  const { caller, requester, idempotent } = asked
  return context.acts.run(async (tx) => {
    await requireTheirs(context, tx, caller, requester)
    return onceFor(context, tx, actorOf(caller), idempotent, KEPT_COUNT, () => endAll(context, tx, asked))
  })
}

async function endAll(context: ActContext, tx: UnitOfWork, asked: RevocationOfAll): Promise<ObtainedCount> {
  const { caller, requester, reason, origin } = asked
  const at = context.clock.now()
  const by = { at, actor: actorOf(caller), origin }
  const ended = await tx.endObtainedBy(requester, reason, at)
  await tellOfEnded(tx, ended, by)
  const keys = await endApiKeys(tx, { kind: 'obtained-by', requester }, by)
  const count = {
    certificates: ended.certificates.length,
    tokens: ended.tokens.length,
    jobs: ended.jobs.length,
    enrolmentTokens: ended.enrolmentTokens,
    apiKeys: keys.length,
  }
  await audit(context, tx, asked, 'requester.revoke', requester, { ...count, reason })
  return count
}

/** What `revokeObtained` would end now. For the same callers. */
export async function countObtained(context: ActContext, caller: Caller, requester: Requester): Promise<ObtainedCount> {
  return context.acts.run(async (tx) => {
    await requireTheirs(context, tx, caller, requester)
    return tx.countObtainedBy(requester, context.clock.now())
  })
}

async function requireTheirs(context: ActContext, tx: UnitOfWork, caller: Caller, requester: Requester): Promise<void> {
  const at = context.clock.now()
  if (actorOf(caller) === requester) await callerStillGood(tx, caller, at)
  else await requireAdministrator(tx, caller, at)
}
