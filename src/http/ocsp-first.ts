// Kept OCSP answers, given on the connection itself, before the framework: of those that ask by GET without conditions, as nearly all
// clients do (RFC 5019 §5). Everything else, and whatever has to be signed or refused, is the framework's as if nobody had looked.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RecentlyUsed } from '../domain/recently-used.ts'
import type { KeptAnswer } from '../revocation/ocsp-answers.ts'
import { type OcspRequest, parseOcspRequest } from '../x509/ocsp-request.ts'
import type { First } from './first.ts'
import { guardOf, guardRequest } from './guards.ts'
import { OCSP_PATH, OCSP_RESPONSE_TYPE, requestInUrl } from './ocsp-wire.ts'
import type { ApiParts } from './parts.ts'
import { makeRequestId } from './request-id.ts'
import { cacheHeaders, type Freshness } from './shelved-response.ts'

const BELOW = `${OCSP_PATH}/`
/** As the framework's route is called in metrics. */
const ROUTE = `${OCSP_PATH}/*`

/** Requests by the very URL that they stand in: one takes about 1 KiB. */
const KNOWN_URLS = 4096
const MAX_KNOWN_CHARACTERS = 512

export function ocspFirst(parts: ApiParts): First {
  const { revocation } = parts.context.policy
  const freshness = { contentType: OCSP_RESPONSE_TYPE, maxAgeSeconds: revocation.ocsp.cacheMaxAgeSeconds }
  const known = new RecentlyUsed<string, OcspRequest>(KNOWN_URLS)
  return (incoming, outgoing, next) => {
    const started = performance.now()
    const answer = isUsual(incoming) ? keptAnswer(parts, incoming, known) : undefined
    if (answer === undefined) {
      next()
      return
    }
    give(parts, outgoing, answer, freshness)
    parts.observer.ocspAnswered('memory')
    parts.observer.request(ROUTE, 'GET', 200, (performance.now() - started) / 1000)
  }
}

function isUsual({ method, url, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || url?.startsWith(BELOW) !== true) return false
  return headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined
}

/** Undefined where the framework has to answer. */
function keptAnswer(
  parts: ApiParts,
  incoming: IncomingMessage,
  known: RecentlyUsed<string, OcspRequest>,
): KeptAnswer | undefined {
  const { url = '' } = incoming
  try {
    guardRequest(incoming, OCSP_PATH, guardOf(parts, parts.publicUrl))
    const request = known.get(url) ?? parseOcspRequest(requestInUrl(url))
    const answer = parts.ocsp.kept(request)
    if (answer !== undefined && url.length <= MAX_KNOWN_CHARACTERS) known.put(url, request)
    return answer
  } catch {
    // What is refused here the framework refuses too, and says so.
    return undefined
  }
}

function give({ context }: ApiParts, outgoing: ServerResponse, answer: KeptAnswer, freshness: Freshness): void {
  const { body, shelved } = answer
  outgoing.writeHead(200, {
    'x-request-id': makeRequestId(),
    ...cacheHeaders(shelved, freshness, context.clock.now()),
    'content-type': freshness.contentType,
    'content-length': String(body.length),
  })
  // As text it goes out in one piece with the headers.
  outgoing.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1')
}
