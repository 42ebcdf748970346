// Paths of URLs as policies write them (RFC 3986 §3.3): in canonical form only, so that a path means one thing to whoever
// compares it. What a call brings is made canonical elsewhere (src/proxies/); nothing is decoded or repaired here.
import { NameRejected } from './name-rules.ts'

/** In characters. Paths that models are served under are well below. */
const MAX_PATH = 512

/** `/`, then segments of unreserved characters and harmless delimiters: no percent, no `;`, no empty segment but the last. */
const CANONICAL = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@-]+\/)*[A-Za-z0-9._~!$&'()*+,=:@-]*$/

export type UrlPath = string & { readonly __brand: 'UrlPath' }

/** One exact path. Throws `NameRejected`. */
export function parseUrlPath(input: string): UrlPath {
  if (input.length > MAX_PATH) throw new NameRejected('path', `at most ${String(MAX_PATH)} characters`, input)
  const isPlain = CANONICAL.test(input) && !input.split('/').some((segment) => segment === '.' || segment === '..')
  if (!isPlain) throw new NameRejected('path', 'in canonical form: no "%", ";", "//", "." or ".." segment', input)
  return input as UrlPath
}

/** Everything below it, in whole segments: `/v1/models/x` covers `/v1/models/x/predict`. Throws `NameRejected`. */
export function parsePathPrefix(input: string): UrlPath {
  const path = parseUrlPath(input)
  if (path.endsWith('/')) throw new NameRejected('path', 'no "/" at its end; say no path for all of the host', input)
  return path
}

/** Whether some path is below both. The empty text is the prefix of all. */
export function prefixesOverlap(a: string, b: string): boolean {
  return `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`)
}
