// Directory syncs over HTTP, for administrators: what a run would do, a run, and the confirmation of a plan that waits.
import { z } from '@hono/zod-openapi'
import type { DirectorySource } from '../../enrollment/directory-source.ts'
import { previewSync, runSync, type SyncOverview } from '../../enrollment/directory-sync.ts'
import type { PlannedMember, SyncPlan } from '../../enrollment/sync-plan.ts'
import { SyncRefused } from '../../enrollment/sync-refused.ts'
import { administratorOnly } from '../administrator-only.ts'
import type { ApiParts } from '../parts.ts'
import {
  type Api,
  type ApiContext,
  bodyRoute,
  callerIn,
  IN_PATH,
  newApi,
  NONE,
  originOf,
  plainRoute,
} from '../route.ts'
import { DirectorySyncBody } from '../schemas.ts'

const Members = z.array(z.strictObject({ project: z.string(), user: z.string(), role: z.enum(['owner', 'scientist']) }))
const planFields = {
  digest: z.string(),
  brakes: z.array(z.enum(['many_removals', 'emptied', 'last_owner'])),
  add: Members,
  change: Members.openapi({ description: 'With the role that they get' }),
  remove: Members,
  block: z.array(z.string()),
}
const PlanAnswer = z.strictObject(planFields).openapi('DirectorySyncPlan')
const OverviewAnswer = z
  .strictObject({
    provider: z.string(),
    plan: PlanAnswer.optional().openapi({ description: 'Absent when the directory does not tell everything' }),
    unread: z.string().optional().openapi({ description: 'Why there is no plan' }),
    waiting: z.strictObject({ ...planFields, since: z.string() }).optional(),
    doneAt: z.string().optional(),
  })
  .openapi('DirectorySync')
const DoneAnswer = z
  .strictObject({
    provider: z.string(),
    digest: z.string(),
    added: z.int(),
    changed: z.int(),
    removed: z.int(),
    blocked: z.int(),
    heldBack: z.array(z.strictObject({ of: z.string(), code: z.string() })),
  })
  .openapi('DirectorySyncDone')

export function directorySyncRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const path = '/v1/directory/sync/{provider}'
  const params = z.strictObject({ provider: IN_PATH })
  api.openapi(
    plainRoute({
      method: 'get',
      path,
      params,
      summary: 'What a run would do now, and the plan that waits. Reads the directory. For administrators.',
      query: NONE,
      status: 200,
      answer: OverviewAnswer,
    }),
    async (c) => {
      const { caller, source } = await asked(parts, c, c.req.valid('param').provider)
      return c.json(overviewBody(source.provider, await previewSync(context, source, caller)), 200)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'post',
      path,
      params,
      summary: 'Brings members in step with the groups of the directory. By an administrator.',
      body: DirectorySyncBody,
      status: 200,
      answer: DoneAnswer,
    }),
    async (c) => {
      const { caller, source } = await asked(parts, c, c.req.valid('param').provider)
      const { confirm } = c.req.valid('json')
      const by = { kind: 'administrator', caller, origin: originOf(c), confirm } as const
      const { heldBack, ...done } = await runSync(context, source, by)
      return c.json({ ...done, heldBack: [...heldBack] }, 200)
    },
  )
  return api
}

/** Whether a provider is held in step is for administrators alone. */
async function asked(parts: ApiParts, c: ApiContext, provider: string) {
  const caller = await callerIn(parts, c)
  await administratorOnly(parts, caller)
  const source: DirectorySource | undefined = parts.directorySources.get(provider)
  if (source === undefined) throw new SyncRefused('sync_unknown', { provider: provider.slice(0, 64) })
  return { caller, source }
}

function overviewBody(provider: string, { record, now }: SyncOverview) {
  const { waiting, done } = record ?? {}
  return {
    provider,
    ...(now.kind === 'unread' ? { unread: now.why } : { plan: planBody(now) }),
    ...(waiting === undefined ? {} : { waiting: { ...planBody(waiting), since: waiting.since.toISOString() } }),
    ...(done === undefined ? {} : { doneAt: done.at.toISOString() }),
  }
}

function planBody({
  digest,
  brakes,
  plan,
}: {
  readonly digest: string
  readonly brakes: readonly ('many_removals' | 'emptied' | 'last_owner')[]
  readonly plan: SyncPlan
}) {
  const [add, change, remove] = [plan.add, plan.change, plan.remove].map(membersBody)
  return {
    digest,
    brakes: [...brakes],
    add: add ?? [],
    change: change ?? [],
    remove: remove ?? [],
    block: [...plan.block],
  }
}

function membersBody(members: readonly PlannedMember[]) {
  return members.map(({ project, user, role }) => ({ project, user, role }))
}
