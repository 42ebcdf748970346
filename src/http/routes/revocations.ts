// The public feed of revocations (docs/revocation.md): what was revoked, held or released, in one order, for everyone. It says of a
// certificate its serial number and nothing else.
//
// With `Accept: text/event-stream` it goes on until one side ends it: events `revocation`, `crl` when a new CRL may be fetched,
// `checkpoint` every ten seconds also when it is quiet, and `reset` when the whole state is to be fetched first. Otherwise one answer,
// with the next events or when the wait is over.
import { z } from '@hono/zod-openapi'
import { type IssuerId, parseIssuerId } from '../../domain/issuer-id.ts'
import type { FeedEntry } from '../../revocation/feed-entry.ts'
import { clientAddressOf } from '../client-address.ts'
import type { ApiParts } from '../parts.ts'
import { RevocationFollower } from '../revocation-follower.ts'
import { type Reset, type ResetReason, resetTo, startAnew } from '../revocation-reset.ts'
import { CHECKPOINT_MILLISECONDS, eventStream } from '../revocation-stream.ts'
import { type Api, type ApiContext, eventRoute, newApi, NONE } from '../route.ts'

const MAX_WAIT_SECONDS = 30
const DEFAULT_WAIT_SECONDS = 10
const MAX_EVENTS = 1000
const DEFAULT_EVENTS = 500
/** Another process may have answered whoever knows this number already. */
const AHEAD_MILLISECONDS = 1000
/** As often as those who stay get one (SECURITY.md rule 40). */
const QUIET_CHECKPOINT_MILLISECONDS = 10_000

const whole = (what: string) => z.string().regex(/^[0-9]{1,15}$/, what)

const FeedQuery = z.strictObject({
  after: whole('a number of the change log').optional().openapi({
    description: 'The number that the consumer is at. Without it the answer says where to begin',
  }),
  epoch: z.string().max(200).optional().openapi({ description: 'The epoch in which it got that number' }),
  issuer: z.string().max(100).optional().openapi({ description: 'Events of this key generation alone: users-1' }),
  wait: z
    .string()
    .regex(/^[0-9]{1,2}$/, 'seconds')
    .optional()
    .openapi({ description: `Longest wait in seconds, at most ${String(MAX_WAIT_SECONDS)}` }),
  limit: whole('how many events at most').optional(),
})

const EventDocument = z
  .strictObject({
    seq: z.number(),
    issuer: z.string(),
    serial: z.string(),
    event: z.enum(['revoked', 'held', 'released', 'reason-changed']),
    reason: z.string(),
    date: z.string(),
    notAfter: z.string(),
    previous: z.string(),
    hash: z.string(),
  })
  .openapi('RevocationEvent')

const ResetDocument = z
  .strictObject({
    reason: z.enum(['first', 'gone', 'ahead', 'epoch']),
    epoch: z.string(),
    seq: z.number(),
    crls: z.array(z.strictObject({ issuer: z.string(), number: z.number(), url: z.string() })),
  })
  .openapi('RevocationReset')

const FeedAnswer = z
  .strictObject({
    epoch: z.string(),
    seq: z.number(),
    events: z.array(EventDocument),
    more: z.boolean(),
    checkpoint: z.string().optional(),
    reset: ResetDocument.optional(),
  })
  .openapi('RevocationFeed')

interface Asked {
  readonly from: number | ResetReason
  readonly issuer: IssuerId | 'all'
  readonly waitSeconds: number
  readonly limit: number
}

export function revocationRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    eventRoute({
      path: '/v1/revocations',
      params: NONE,
      summary:
        'What was revoked, held and released since: as events, or one answer when there is something. For everyone.',
      query: FeedQuery,
      answer: FeedAnswer,
    }),
    async (c) => {
      const isStream = c.req.header('accept') === 'text/event-stream'
      const asked = askedBy(parts, c, c.req.valid('query'))
      const leave = opened(parts, c)
      try {
        const start = await startOf(parts, asked)
        if (isStream) return eventStream(parts, c, { ...start, issuer: asked.issuer, leave })
        const answer = await answerOnce(parts, c, asked, start)
        leave()
        return c.json(answer, 200, { 'cache-control': 'no-store' })
      } catch (error) {
        leave()
        throw error
      }
    },
  )
  return api
}

/**
 * Throws `HttpRefused` (`too_busy`). What it gives may be called again. The end of the answer calls it too: whether anybody reads the
 * body, as nobody does after HEAD, is not for the one who asked to say.
 */
function opened({ revocations, observer }: ApiParts, c: ApiContext): () => void {
  const close = revocations.open.open(clientAddressOf(c.get('socket')))
  observer.feed('opened')
  let isOpen = true
  const leave = () => {
    if (isOpen) observer.feed('closed')
    isOpen = false
    close()
  }
  const { outgoing } = c.env
  outgoing.once('close', leave)
  if (outgoing.destroyed) leave()
  return leave
}

/** `Last-Event-ID` of a consumer that comes back stands over what its URL said when it first came. */
function askedBy({ revocations }: ApiParts, c: ApiContext, query: z.output<typeof FeedQuery>): Asked {
  const last = c.req.header('last-event-id')
  const at = last === undefined || last === '' ? query : positionIn(last)
  const issuer = query.issuer === undefined ? 'all' : parseIssuerId(query.issuer)
  const waitSeconds = Math.min(Number(query.wait ?? DEFAULT_WAIT_SECONDS), MAX_WAIT_SECONDS)
  const limit = Math.min(Math.max(Number(query.limit ?? DEFAULT_EVENTS), 1), MAX_EVENTS)
  const isOther = at.epoch !== undefined && at.epoch !== revocations.feed.epoch
  const from = at.after === undefined ? 'first' : isOther ? 'epoch' : Number(at.after)
  return { from, issuer, waitSeconds, limit }
}

/** `EPOCH.SEQ`, as our events have it. One that is none of ours begins anew. */
function positionIn(id: string): { readonly after?: string; readonly epoch?: string } {
  const { epoch, after } = /^(?<epoch>[^.]{1,200})\.(?<after>[0-9]{1,15})$/.exec(id)?.groups ?? {}
  return epoch === undefined || after === undefined ? {} : { epoch, after }
}

interface Start {
  readonly follower: RevocationFollower
  readonly reset: Reset | undefined
}

async function startOf(parts: ApiParts, { from, issuer }: Asked): Promise<Start> {
  const at = typeof from === 'number' && (await isAhead(parts, from)) ? 'ahead' : from
  const reset = typeof at === 'number' ? undefined : resetTo(parts, at)
  const after = typeof at === 'number' ? at : (reset?.seq ?? 0)
  const { feed, reads } = parts.revocations
  return { follower: new RevocationFollower({ feed, reads, reader: parts.reader }, after, issuer), reset }
}

async function isAhead(parts: ApiParts, seq: number): Promise<boolean> {
  const { feed } = parts.revocations
  if (seq <= feed.position) return false
  await parts.refresh()
  const over = AbortSignal.any([AbortSignal.timeout(AHEAD_MILLISECONDS), parts.revocations.open.ending])
  while (seq > feed.position && !over.aborted) await feed.next(over)
  return seq > feed.position
}

async function answerOnce(parts: ApiParts, c: ApiContext, asked: Asked, { follower, reset }: Start) {
  const { feed, open } = parts.revocations
  const wait = AbortSignal.timeout(asked.waitSeconds * 1000)
  const over = AbortSignal.any([wait, c.req.raw.signal, open.ending])
  const found = reset === undefined ? await firstEvents(parts, follower, asked.limit, over) : { events: [], reset }
  const events = found.events.slice(0, asked.limit)
  const isCut = events.length < found.events.length
  const last = events.at(-1)?.seq ?? 0
  const seq = isCut ? last : follower.seq
  const checkpoint = found.reset === undefined ? await checkpointBetween(parts, last, seq) : undefined
  return {
    epoch: feed.epoch,
    seq,
    events: events.map(({ document }) => document),
    more: seq < feed.position,
    ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.jws }),
    ...(found.reset === undefined ? {} : { reset: found.reset }),
  }
}

/** One that vouches for what is answered: nothing that is told comes after it, and nothing that it counts is left out. */
async function checkpointBetween({ revocations }: ApiParts, last: number, seq: number) {
  const { feed, checkpoints } = revocations
  const fits = () => feed.latestCheckpoint !== undefined && feed.latestCheckpoint.seq >= last
  await checkpoints.ensure(fits() ? QUIET_CHECKPOINT_MILLISECONDS : CHECKPOINT_MILLISECONDS)
  const { latestCheckpoint } = feed
  if (latestCheckpoint === undefined || !fits()) return undefined
  return latestCheckpoint.seq <= seq || feed.isQuietBetween(seq, latestCheckpoint.seq) ? latestCheckpoint : undefined
}

type EventEntry = FeedEntry & { readonly kind: 'event' }

interface Found {
  readonly events: readonly EventEntry[]
  readonly reset?: Reset | undefined
}

/** What is there now, up to `limit` and a page; else the first that comes. */
async function firstEvents(
  parts: ApiParts,
  follower: RevocationFollower,
  limit: number,
  over: AbortSignal,
): Promise<Found> {
  const events: EventEntry[] = []
  for (;;) {
    const step = events.length === 0 ? await follower.next(over) : await follower.now()
    if (step.kind === 'behind') return { events: [], reset: startAnew(parts, follower) }
    events.push(...step.entries.filter((entry) => entry.kind === 'event'))
    const isAll = events.length > 0 && follower.seq >= parts.revocations.feed.position
    if (over.aborted || isAll || events.length >= limit) return { events }
  }
}
