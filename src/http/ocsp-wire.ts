// OCSP as HTTP carries it (RFC 6960 appendix A, RFC 5019 §5): the request in a URL, answers and errors as responses. Errors
// have status 200: the word is OCSP's own.
import { encodeOcspError, type OcspErrorStatus } from '../x509/ocsp-response.ts'
import { MAX_OCSP_REQUEST_BYTES } from '../x509/ocsp-request.ts'

export const OCSP_PATH = '/pki/ocsp'
export const OCSP_REQUEST_TYPE = 'application/ocsp-request'
export const OCSP_RESPONSE_TYPE = 'application/ocsp-response'

const NOTHING = new Uint8Array()

export function ocspErrorResponse(status: OcspErrorStatus, headers: Readonly<Record<string, string>> = {}): Response {
  return uncached(ERRORS[status], headers)
}

export function isOcspPath(path: string): boolean {
  return path === OCSP_PATH || path.startsWith(`${OCSP_PATH}/`)
}

/** What the edge refuses before the responder sees it, and has a word for in OCSP. */
export const OCSP_ERROR_OF: ReadonlyMap<string, OcspErrorStatus> = new Map([
  ['body_too_large', 'malformedRequest'],
  ['internal', 'internalError'],
])

export function uncached(body: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, {
    status: 200,
    headers: {
      'content-type': OCSP_RESPONSE_TYPE,
      'content-length': String(body.length),
      'cache-control': 'no-store',
      ...headers,
    },
  })
}

/** Errors are signed by nobody (§2.3). */
const ERRORS: Readonly<Record<OcspErrorStatus, Uint8Array<ArrayBuffer>>> = {
  malformedRequest: new Uint8Array(encodeOcspError('malformedRequest')),
  internalError: new Uint8Array(encodeOcspError('internalError')),
  tryLater: new Uint8Array(encodeOcspError('tryLater')),
  sigRequired: new Uint8Array(encodeOcspError('sigRequired')),
  unauthorized: new Uint8Array(encodeOcspError('unauthorized')),
}

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
