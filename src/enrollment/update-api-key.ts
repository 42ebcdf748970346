// Another use for an API key that is there (row HX28): its scopes and deployments are replaced, and every process knows it before
// the request is answered. Whoever may make a key may change it; to widen one is as much as to make it.
import type { ActContext } from './act-context.ts'
import type { ApiKeyRecord } from './api-key-store.ts'
import { latestEnd, makerOf, reachable, refuseOutranking, type WantedApiKey } from './api-keys.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { apiKeyChange } from './end-api-keys.ts'
import { EnrollmentRefused } from './errors.ts'
import { refuseStaleSignIn } from './fresh-sign-in.ts'
import { keptAsJson } from './idempotency.ts'
import { requireReachedDeployments } from './key-deployments.ts'
import { callerStillGood, refuseReplaced, requireAdministrator } from './second-look.ts'

type Wanted = Pick<WantedApiKey, 'name' | 'scopes' | 'deployments'>

/** Nothing that is kept for a replay needs the hash. */
const KEPT_KEY = {
  ...keptAsJson<ApiKeyRecord>('createdAt', 'expiresAt'),
  encode: (record: ApiKeyRecord) => JSON.stringify({ ...record, salt: '', hash: '' }),
}

/** Throws `EnrollmentRefused`, `SignInRefused`. */
export async function updateApiKey(context: ActContext, asked: Asked & Wanted): Promise<ApiKeyRecord> {
  const { name, scopes, deployments } = asked
  if (scopes.length === 0) throw new EnrollmentRefused('api_key_scopes_empty')
  const maker = makerOf(asked.caller)
  refuseStaleSignIn(context, maker)
  return context.acts.run(async (tx) => {
    const now = context.clock.now()
    // For update, as whoever makes, ends or blocks: the key that is found stays as it is until the end.
    await tx.user(maker.user, 'update')
    const standing = await callerStillGood(tx, maker, now)
    refuseReplaced(standing)
    await refuseOutranking(tx, maker, scopes, now)
    return once(context, tx, asked, KEPT_KEY, async () => {
      const before = (await reachable(tx, maker)).find((record) => record.name === name)
      if (before === undefined) throw new EnrollmentRefused('api_key_unknown')
      await requireReachedDeployments(tx, before, deployments)
      const after: ApiKeyRecord = { ...before, scopes: [...new Set(scopes)], deployments }
      if (isWider(before, after)) {
        // A person reaches all of their keys in a sign-in, and widens none that they could not make there.
        if (before.reach.kind === 'platform') await requireAdministrator(tx, maker, now)
        refuseOutliving(before.expiresAt, latestEnd(context, maker, standing, now))
      }
      await tx.updateApiKey(after)
      await tx.change(apiKeyChange(after, 'active'))
      const details = { name, scopes: after.scopes, deployments, before: before.scopes }
      await audit(context, tx, asked, 'api-key.update', `api-key:${before.prefix}`, details)
      return after
    })
  })
}

function isWider(before: ApiKeyRecord, after: ApiKeyRecord): boolean {
  if (after.scopes.some((scope) => !before.scopes.includes(scope))) return true
  const known = before.deployments
  if (known === 'all') return false
  return after.deployments === 'all' || after.deployments.some((name) => !known.includes(name))
}

/** What is added to a key does not outlive what it was added with. */
function refuseOutliving(expiresAt: Date, latest: Date): void {
  if (expiresAt <= latest) return
  throw new EnrollmentRefused('api_key_expiry_rejected', { latest: latest.toISOString() })
}
