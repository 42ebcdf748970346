// OCSP answers are given on the connection itself, before the framework, where they are what clients usually ask for: by GET without
// conditions, or by POST (RFC 6960 appendix A, RFC 5019 §5). Whatever is refused or no request is the framework's as if nobody had looked.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RecentlyUsed } from '../domain/recently-used.ts'
import type { KeptAnswer, OcspAnswer } from '../revocation/ocsp-answers.ts'
import { type OcspRequest, parseOcspRequest } from '../x509/ocsp-request.ts'
import { type First, give } from './first.ts'
import { guardOf, guardRequest } from './guards.ts'
import { OCSP_PATH, OCSP_RESPONSE_TYPE, requestInUrl } from './ocsp-wire.ts'
import type { ApiParts } from './parts.ts'
import { readBody } from './read-body.ts'
import { makeRequestId } from './request-id.ts'
import { cacheHeaders, type Freshness } from './shelved-response.ts'

const BELOW = `${OCSP_PATH}/`
/** As the framework's route is called in metrics. */
const BELOW_ROUTE = `${OCSP_PATH}/*`

/** Requests by the very URL that they stand in: one takes about 1 KiB. */
const KNOWN_URLS = 4096
const MAX_KNOWN_CHARACTERS = 512

export function ocspFirst(parts: ApiParts): First {
  const lane = new OcspLane(parts)
  return (incoming, outgoing, next) => {
    const { method, url = '', headers } = incoming
    const isConditional = headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined
    if (method === 'GET' && url.startsWith(BELOW) && !isConditional) lane.get(incoming, outgoing, next)
    else if (method === 'POST' && url === OCSP_PATH) void lane.post(incoming, outgoing, next)
    else next()
  }
}

class OcspLane {
  readonly #parts: ApiParts
  readonly #freshness: Freshness
  readonly #known = new RecentlyUsed<string, OcspRequest>(KNOWN_URLS)

  constructor(parts: ApiParts) {
    this.#parts = parts
    const { cacheMaxAgeSeconds: maxAgeSeconds } = parts.context.policy.revocation.ocsp
    this.#freshness = { contentType: OCSP_RESPONSE_TYPE, maxAgeSeconds, dates: 'shared' }
  }

  get(incoming: IncomingMessage, outgoing: ServerResponse, next: () => void): void {
    const started = performance.now()
    const { url = '' } = incoming
    if (!this.#isServed(incoming)) {
      next()
      return
    }
    const kept = this.#keptAt(url)
    if (kept === undefined) void this.#made(requestInUrl(url), { outgoing, next, started, method: 'GET' })
    else this.#give({ kind: 'kept', answer: kept, from: 'memory' }, { outgoing, next, started, method: 'GET' })
  }

  /** Never rejects. */
  async post(incoming: IncomingMessage, outgoing: ServerResponse, next: () => void): Promise<void> {
    const started = performance.now()
    if (!this.#isServed(incoming)) {
      next()
      return
    }
    const body = await readBody(incoming).catch(() => undefined)
    // Broken off: nobody reads an answer.
    if (body === undefined) return
    // Where the framework's adapter looks for a body that somebody else has read.
    Object.assign(incoming, { rawBody: body })
    await this.#made(body, { outgoing, next, started, method: 'POST' })
  }

  #isServed(incoming: IncomingMessage): boolean {
    try {
      guardRequest(incoming, OCSP_PATH, guardOf(this.#parts, this.#parts.publicUrl))
      return true
    } catch {
      // What is refused here the framework refuses too, and says so.
      return false
    }
  }

  #keptAt(url: string): KeptAnswer | undefined {
    const request = this.#known.get(url) ?? requestOrNone(requestInUrl(url))
    if (request === undefined) return undefined
    const answer = this.#parts.ocsp.kept(request)
    if (answer !== undefined && url.length <= MAX_KNOWN_CHARACTERS) this.#known.put(url, request)
    return answer
  }

  async #made(request: Uint8Array, way: Way): Promise<void> {
    const answer = await this.#parts.ocsp.answer(request)
    if (answer.kind === 'error') way.next()
    else this.#give(answer, way)
  }

  #give(answer: Exclude<OcspAnswer, { readonly kind: 'error' }>, { outgoing, started, method }: Way): void {
    const { observer, context } = this.#parts
    const isForCaches = answer.kind === 'kept' && method === 'GET'
    const body = answer.kind === 'kept' ? answer.answer.body : answer.body
    const route = method === 'GET' ? BELOW_ROUTE : OCSP_PATH
    const requestId = makeRequestId()
    const caches = isForCaches ? cacheHeaders(answer.answer.shelved, this.#freshness, context.clock.now()) : NOT_KEPT
    const headers = ['x-request-id', requestId, ...Object.entries(caches).flat(), 'content-type', OCSP_RESPONSE_TYPE]
    const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
    give(outgoing, { status: 200, headers, body: text, encoding: 'latin1' }, (error) =>
      observer.failed(error, { requestId, route }),
    )
    observer.ocspAnswered(answer.kind === 'kept' ? answer.from : answer.kind)
    observer.request(route, method, 200, (performance.now() - started) / 1000)
  }
}

interface Way {
  readonly outgoing: ServerResponse
  readonly next: () => void
  readonly started: number
  readonly method: 'GET' | 'POST'
}

const NOT_KEPT = { 'cache-control': 'no-store' }

function requestOrNone(der: Uint8Array): OcspRequest | undefined {
  try {
    return parseOcspRequest(der)
  } catch {
    // The responder meets it too, and has a word for it.
    return undefined
  }
}
