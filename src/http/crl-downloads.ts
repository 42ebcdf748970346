// CRLs in DER, given on the connection itself, before the framework: the pieces that a CRL is made of go out one after the other as the
// reader takes them. Of those that ask by GET without conditions; everything else, and what is not there, is the framework's as if
// nobody had looked.
import type { IncomingMessage } from 'node:http'
import { parseCrlScopeKey } from '../domain/crl-scope.ts'
import type { Shelved } from '../revocation/crl-shelf.ts'
import type { First } from './first.ts'
import { guardOf, guardRequest } from './guards.ts'
import type { ApiParts } from './parts.ts'
import { makeRequestId } from './request-id.ts'
import { cacheHeaders } from './shelved-response.ts'
import { writeParts } from './write-parts.ts'

const BELOW = '/pki/crl/'
const ENDING = '.crl'
export const CRL_TYPE = 'application/pkix-crl'

export function crlDownloads(parts: ApiParts): First {
  const maxAgeSeconds = parts.context.policy.revocation.crl.cacheMaxAgeSeconds
  return (incoming, outgoing, next) => {
    const started = performance.now()
    const asked = askedFor(incoming)
    const crl = asked === undefined ? undefined : crlOf(parts, incoming, asked)
    if (asked === undefined || crl === undefined) {
      next()
      return
    }
    const freshness = { contentType: CRL_TYPE, maxAgeSeconds }
    outgoing.writeHead(200, {
      'x-request-id': makeRequestId(),
      ...cacheHeaders(crl, freshness, parts.context.clock.now()),
      'content-type': CRL_TYPE,
      'content-length': String(crl.length),
    })
    writeParts(outgoing, crl.parts)
    parts.observer.request(routeOf(asked), 'GET', 200, (performance.now() - started) / 1000)
  }
}

/** The key of a scope; undefined for other requests. */
function askedFor({ method, url, headers }: IncomingMessage): string | undefined {
  if (method !== 'GET' || url?.startsWith(BELOW) !== true || !url.endsWith(ENDING)) return undefined
  if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) return undefined
  return url.slice(BELOW.length, -ENDING.length)
}

function crlOf(parts: ApiParts, incoming: IncomingMessage, asked: string): Shelved | undefined {
  try {
    guardRequest(incoming, incoming.url ?? '', guardOf(parts, parts.publicUrl))
    return parts.crls.get(parseCrlScopeKey(asked))?.der
  } catch {
    // What is refused here the framework refuses too, and says so.
    return undefined
  }
}

/** As the framework's routes are called in metrics. */
function routeOf(asked: string): string {
  return asked.includes('/') ? `${BELOW}:issuer/:file` : `${BELOW}:file`
}
