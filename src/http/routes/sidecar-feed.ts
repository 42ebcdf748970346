// What a sidecar holds itself in step with: its snapshot, and the feed of what has changed since. For the service that the sidecar
// is, by its own certificate on this connection, and for nobody else (SECURITY.md rule 40).
//
// With `Accept: text/event-stream` the feed goes on until one side ends it: an event `checkpoint` for each change, and every ten
// seconds also when it is quiet; `reload` when a new snapshot is to be fetched, and then the end. Otherwise one answer of either
// kind, with the next change or after ten seconds.
import { z } from '@hono/zod-openapi'
import type { SidecarView } from '../../access/snapshot.ts'
import { SidecarRefused } from '../../directory/sidecar-store.ts'
import { notPermitted } from '../../enrollment/second-look.ts'
import { clientAddressOf } from '../client-address.ts'
import { HttpRefused } from '../problem.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, type ApiContext, callerIn, eventRoute, IN_PATH, newApi, NONE, plainRoute } from '../route.ts'
import type { Followed, Step } from '../sidecar-snapshots.ts'

/** SECURITY.md rule 40: also when nothing happens, so that silence is told from being cut off. */
const CHECKPOINT_MILLISECONDS = 10_000

const NAMED = z.strictObject({ name: IN_PATH })

const hexadecimal = z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256, hexadecimal')

const FeedQuery = z.strictObject({
  after: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'a number of the change log')
    .openapi({ description: 'The number of the state that the sidecar is at' }),
  head: hexadecimal.openapi({ description: 'The head of its chain' }),
  scope: hexadecimal.openapi({ description: 'As its snapshot says it' }),
})

export function sidecarFeedRoutes(parts: ApiParts): Api {
  const api = newApi()
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/sidecars/{name}/snapshot',
      params: NAMED,
      summary: 'The policy as far as this sidecar needs it, signed. For its service.',
      query: NONE,
      status: 200,
      answer: z.strictObject({ snapshot: z.string() }).openapi('SidecarSnapshot'),
    }),
    async (c) => {
      const sidecar = await ownSidecar(parts, c, c.req.valid('param').name)
      return c.json({ snapshot: await parts.sidecars.snapshot(sidecar) }, 200, { 'cache-control': 'no-store' })
    },
  )
  api.openapi(
    eventRoute({
      path: '/v1/sidecars/{name}/changes',
      params: NAMED,
      summary: 'What has changed since, signed: as events, or one answer when there is something. For its service.',
      query: FeedQuery,
      answer: z.union([z.strictObject({ checkpoint: z.string() }), z.strictObject({ reload: z.literal(true) })]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const { after, head, scope } = c.req.valid('query')
      const sidecar = await ownSidecar(parts, c, name)
      const seq = Number(after)
      if (seq > parts.snapshot.revision) await parts.refresh()
      const leave = parts.feeds.open(clientAddressOf(c.get('socket')))
      const feed = new Feed(parts, c, name, leave)
      try {
        const from = await parts.sidecars.follow(sidecar, { seq, head, scope })
        if (c.req.header('accept') === 'text/event-stream') return eventStream(feed, from)
        const step = await feed.next(from)
        feed.end()
        if (step === undefined) throw new HttpRefused('temporarily_unavailable')
        return c.json(step.kind === 'reload' ? { reload: true as const } : { checkpoint: step.jws }, 200)
      } catch (error) {
        feed.end()
        throw error
      }
    },
  )
  return api
}

/** Throws `HttpRefused`, `EnrollmentRefused`, `SidecarRefused`. */
async function ownSidecar(parts: ApiParts, c: ApiContext, name: string): Promise<SidecarView> {
  const caller = await callerIn(parts, c)
  const sidecar = parts.snapshot.sidecar(name)
  if (sidecar === undefined) throw new SidecarRefused('sidecar_unknown', { sidecar: name })
  if (caller.kind !== 'service' || caller.name !== sidecar.service) throw notPermitted(caller)
  return sidecar
}

/** One feed, from its first step on. The sidecar's own right is looked at before each. */
class Feed {
  readonly #parts: ApiParts
  readonly #context: ApiContext
  readonly #name: string
  readonly #leave: () => void
  readonly #over = new AbortController()

  constructor(parts: ApiParts, context: ApiContext, name: string, leave: () => void) {
    this.#parts = parts
    this.#context = context
    this.#name = name
    this.#leave = leave
  }

  /** The next change, or the same state once more after ten seconds; undefined when it is over. */
  async next(from: Followed | undefined): Promise<Step | undefined> {
    if (from === undefined) return { kind: 'reload' }
    const { recent } = this.#parts.sidecars
    if (this.#parts.snapshot.revision === from.seq) {
      const tick = AbortSignal.timeout(CHECKPOINT_MILLISECONDS)
      await recent.next(AbortSignal.any([tick, this.#over.signal, this.#parts.feeds.ending]))
    }
    if (this.#over.signal.aborted || this.#parts.feeds.ending.aborted) return undefined
    await ownSidecar(this.#parts, this.#context, this.#name)
    return this.#parts.sidecars.step(from)
  }

  /** What is right now, without waiting: how a feed begins. */
  now(from: Followed | undefined): Promise<Step> {
    return from === undefined ? Promise.resolve({ kind: 'reload' }) : this.#parts.sidecars.step(from)
  }

  end(): void {
    this.#over.abort()
    this.#leave()
  }
}

function eventStream(feed: Feed, start: Followed | undefined): Response {
  let from = start
  let isFirst = true
  const body = new ReadableStream<Uint8Array>(
    {
      // Called when the last event has been taken: a sidecar that reads slowly gets fewer and larger ones.
      async pull(controller) {
        try {
          const step = isFirst ? await feed.now(from) : await feed.next(from)
          isFirst = false
          if (step !== undefined) controller.enqueue(eventOf(step))
          if (step?.kind === 'checkpoint') from = step.now
          else close(controller)
        } catch {
          // Its right has ended, or this process knows too little: it comes again, and is told so.
          close(controller)
        }
      },
      cancel: () => feed.end(),
    },
    { highWaterMark: 0 },
  )
  const close = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    feed.end()
    controller.close()
  }
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}

function eventOf(step: Step): Uint8Array {
  const text =
    step.kind === 'reload'
      ? 'event: reload\ndata: \n\n'
      : `event: checkpoint\nid: ${String(step.now.seq)}\ndata: ${step.jws}\n\n`
  return Buffer.from(text)
}
