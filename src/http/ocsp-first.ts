// OCSP is answered on the connection itself, before the framework, where it is asked as clients usually ask: by GET without conditions,
// or by POST (RFC 6960 appendix A, RFC 5019 §5). What every route would refuse is the framework's as if nobody had looked.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RecentlyUsed } from '../domain/recently-used.ts'
import type { KeptAnswer, OcspAnswer } from '../revocation/ocsp-answers.ts'
import type { OcspRequest } from '../x509/ocsp-request.ts'
import { type First, give } from './first.ts'
import { guarded } from './guards.ts'
import { OCSP_PATH, OCSP_RESPONSE_TYPE, ocspReply, requestInUrl } from './ocsp-wire.ts'
import type { ApiParts } from './parts.ts'
import { readBody } from './read-body.ts'
import { makeRequestId } from './request-id.ts'

const BELOW = `${OCSP_PATH}/`
/** As the framework's route is called in metrics. */
const BELOW_ROUTE = `${OCSP_PATH}/*`

/** Answers by the very octets with which they were asked for: of each request there are a few spellings. */
const KNOWN_REQUESTS = 8192
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

/** An answer, or a request that one has to be made for. */
type Found = Exclude<OcspAnswer, { kind: 'fresh' }> | { readonly kind: 'request'; readonly request: OcspRequest }

class OcspLane {
  readonly #parts: ApiParts
  readonly #maxAgeSeconds: number
  /** Which of them holds the responder says each time: what was taken away there is not given from here. */
  readonly #known = new RecentlyUsed<string, KeptAnswer>(KNOWN_REQUESTS)

  constructor(parts: ApiParts) {
    this.#parts = parts
    this.#maxAgeSeconds = parts.context.policy.revocation.ocsp.cacheMaxAgeSeconds
  }

  get(incoming: IncomingMessage, outgoing: ServerResponse, next: () => void): void {
    const started = performance.now()
    const { url = '' } = incoming
    const found = guarded(incoming, url, this.#parts, () => this.#find(url, requestInUrl))
    if (found === undefined) next()
    else this.#tell(found, { outgoing, started, method: 'GET' })
  }

  /** Never rejects. */
  async post(incoming: IncomingMessage, outgoing: ServerResponse, next: () => void): Promise<void> {
    const started = performance.now()
    if (guarded(incoming, OCSP_PATH, this.#parts, () => 'passed') === undefined) {
      next()
      return
    }
    const body = await readBody(incoming).catch(() => undefined)
    // Broken off: nobody reads an answer.
    if (body === undefined) return
    this.#tell(
      this.#find(body.toString('latin1'), () => body),
      { outgoing, started, method: 'POST' },
    )
  }

  /** `asked`: the request as it was sent. */
  #find(asked: string, derIn: (asked: string) => Uint8Array): Found {
    const { ocsp } = this.#parts
    const known = asked.length > MAX_KNOWN_CHARACTERS ? undefined : this.#known.get(asked)
    if (known !== undefined && ocsp.holds(known)) return { kind: 'kept', answer: known, from: 'memory' }
    const request = ocsp.request(derIn(asked))
    if ('kind' in request) return request
    const answer = ocsp.kept(request)
    if (answer === undefined) return { kind: 'request', request }
    if (asked.length <= MAX_KNOWN_CHARACTERS) this.#known.put(asked, answer)
    return { kind: 'kept', answer, from: 'memory' }
  }

  #tell(found: Found, way: Way): void {
    if (found.kind === 'request')
      void this.#parts.ocsp.answerTo(found.request).then((answer) => this.#give(answer, way))
    else this.#give(found, way)
  }

  #give(answer: OcspAnswer, { outgoing, started, method }: Way): void {
    const { observer, context } = this.#parts
    const caches = method === 'GET' ? 'told' : 'kept out'
    const reply = ocspReply(answer, { caches, maxAgeSeconds: this.#maxAgeSeconds, now: context.clock.now() })
    const route = method === 'GET' ? BELOW_ROUTE : OCSP_PATH
    const requestId = makeRequestId()
    const headers = ['x-request-id', requestId, 'content-type', OCSP_RESPONSE_TYPE, ...reply.headers]
    give(outgoing, { status: 200, headers, body: reply.body, encoding: 'latin1' }, (error) =>
      observer.failed(error, { requestId, route }),
    )
    observer.ocspAnswered(reply.outcome)
    observer.request(route, method, 200, (performance.now() - started) / 1000)
  }
}

interface Way {
  readonly outgoing: ServerResponse
  readonly started: number
  readonly method: 'GET' | 'POST'
}
