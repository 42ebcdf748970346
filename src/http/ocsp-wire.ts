// OCSP as HTTP carries it (RFC 6960 appendix A, RFC 5019 §5, §6): the request in a URL, answers and errors as responses. Errors
// have status 200: the word is OCSP's own.
import type { KeptAnswer, OcspAnswer } from '../revocation/ocsp-answers.ts'
import { encodeOcspError, type OcspErrorStatus } from '../x509/ocsp-response.ts'
import { MAX_OCSP_REQUEST_BYTES } from '../x509/ocsp-request.ts'
import { cacheHeaders } from './shelved-response.ts'

export const OCSP_PATH = '/pki/ocsp'
export const OCSP_REQUEST_TYPE = 'application/ocsp-request'
export const OCSP_RESPONSE_TYPE = 'application/ocsp-response'

const NOTHING = new Uint8Array()

/** An answer as it goes out, whichever way: its status is 200. */
export interface OcspReply {
  /** Beside its type and its length; name, value, name, value. */
  readonly headers: readonly string[]
  /** Each character is a byte. */
  readonly body: string
  /** For the metrics, from a closed set. */
  readonly outcome: 'memory' | 'signature' | 'fresh' | OcspErrorStatus
}

/** `caches`: RFC 5019 §5, what GET answers may be kept by every cache on the way; POST's by none. */
export interface OcspCaching {
  readonly caches: 'told' | 'kept out'
  readonly maxAgeSeconds: number
  readonly now: Date
}

export function ocspReply(answer: OcspAnswer, caching: OcspCaching): OcspReply {
  switch (answer.kind) {
    case 'kept':
      return keptReply(answer.answer, answer.from, caching)
    case 'fresh':
      return { headers: NOT_KEPT, body: latin1Of(answer.body), outcome: 'fresh' }
    case 'error':
      return ERRORS[answer.status]
    default:
      return answer satisfies never
  }
}

/** Written once for all who ask within one second, since `Expires` says when that second was. */
interface Written {
  readonly second: number
  readonly headers: readonly string[]
  readonly body: string
}

const written = new WeakMap<KeptAnswer, Written>()

function keptReply(answer: KeptAnswer, outcome: 'memory' | 'signature', caching: OcspCaching): OcspReply {
  const { headers, body } = writtenNow(answer, caching)
  return { headers: caching.caches === 'told' ? headers : NOT_KEPT, body, outcome }
}

function writtenNow(answer: KeptAnswer, caching: OcspCaching): Written {
  const { now } = caching
  const second = Math.floor(now.getTime() / 1000)
  const before = written.get(answer)
  if (before?.second === second) return before
  const headers = Object.entries(cacheHeaders(answer.shelved, caching, now)).flat()
  const next = { second, headers, body: before?.body ?? latin1Of(answer.body) }
  written.set(answer, next)
  return next
}

const NOT_KEPT = ['cache-control', 'no-store']

/** Errors are signed by nobody (§2.3). */
const ERRORS: Readonly<Record<OcspErrorStatus, OcspReply>> = {
  malformedRequest: errorReply('malformedRequest'),
  internalError: errorReply('internalError'),
  tryLater: errorReply('tryLater', ['retry-after', '1']),
  sigRequired: errorReply('sigRequired'),
  unauthorized: errorReply('unauthorized'),
}

function errorReply(status: OcspErrorStatus, more: readonly string[] = []): OcspReply {
  return { headers: [...NOT_KEPT, ...more], body: latin1Of(encodeOcspError(status)), outcome: status }
}

/** As the framework sends it. */
export function ocspResponse(reply: OcspReply, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(Buffer.from(reply.body, 'latin1'), {
    status: 200,
    headers: {
      'content-type': OCSP_RESPONSE_TYPE,
      'content-length': String(reply.body.length),
      ...headersOf(reply),
      ...more,
    },
  })
}

export function ocspErrorResponse(status: OcspErrorStatus, more: Readonly<Record<string, string>>): Response {
  return ocspResponse(ERRORS[status], more)
}

export function headersOf({ headers }: OcspReply): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (let at = 0; at < headers.length; at += 2) pairs[headers[at] ?? ''] = headers[at + 1] ?? ''
  return pairs
}

export function isOcspPath(path: string): boolean {
  return path === OCSP_PATH || path.startsWith(`${OCSP_PATH}/`)
}

/** What the edge refuses before the responder sees it, and has a word for in OCSP. */
export const OCSP_ERROR_OF: ReadonlyMap<string, OcspErrorStatus> = new Map([
  ['body_too_large', 'malformedRequest'],
  ['internal', 'internalError'],
])

/**
 * What stands behind the path as it was sent, in base64 (RFC 5019 §5). Its `/` may come as it is or as %2F, its `+` as a
 * space where somebody on the way took it for a form's; slashes before it come of an address that ends with one. Anything
 * else is no request.
 */
export function requestInUrl(url: string): Uint8Array {
  const [path = ''] = url.split('?', 1)
  const at = path.indexOf(OCSP_PATH)
  const text = unescaped(path.slice(at + OCSP_PATH.length).replace(/^\/+/, ''))?.replaceAll(' ', '+')
  if (at < 0 || text === undefined || text.length > MAX_OCSP_REQUEST_BYTES) return NOTHING
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : NOTHING
}

function latin1Of(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
}

/** Undefined when an escape in it is none. */
function unescaped(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
