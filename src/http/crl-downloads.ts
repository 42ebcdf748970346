// CRLs, in DER and in PEM, given on the connection itself, before the framework: the pieces that a CRL is made of go out one after the
// other as the reader takes them. Of those that ask by GET without conditions; everything else, and what is not there, is the
// framework's as if nobody had looked.
import type { IncomingMessage } from 'node:http'
import { parseCrlScopeKey } from '../domain/crl-scope.ts'
import type { Shelved } from '../revocation/crl-shelf.ts'
import type { First } from './first.ts'
import { guarded } from './guards.ts'
import type { ApiParts } from './parts.ts'
import { makeRequestId } from './request-id.ts'
import { cacheHeaders } from './shelved-response.ts'
import { writeParts } from './write-parts.ts'

const BELOW = '/pki/crl/'
/** Of all complete CRLs, in PEM. */
export const BUNDLE = 'bundle'
const ENDINGS = ['.crl', '.pem'] as const
export const CRL_TYPE = 'application/pkix-crl'
export const PEM_TYPE = 'application/x-pem-file'

export function crlDownloads(parts: ApiParts): First {
  const heads = new Heads(parts.context.policy.revocation.crl.cacheMaxAgeSeconds)
  return (incoming, outgoing, next) => {
    const started = performance.now()
    const asked = askedFor(incoming)
    const crl = asked === undefined ? undefined : crlOf(parts, incoming, asked)
    if (asked === undefined || crl === undefined) {
      next()
      return
    }
    const headers = heads.of(crl, asked.ending, parts.context.clock.now())
    outgoing.writeHead(200, ['x-request-id', makeRequestId(), ...headers])
    writeParts(outgoing, crl.parts)
    parts.observer.request(routeOf(asked.scope), 'GET', 200, (performance.now() - started) / 1000)
  }
}

/** Written once for all who ask within one second, since `Expires` says when that second was. */
class Heads {
  readonly #maxAgeSeconds: number
  readonly #written = new WeakMap<Shelved, { readonly second: number; readonly headers: readonly string[] }>()

  constructor(maxAgeSeconds: number) {
    this.#maxAgeSeconds = maxAgeSeconds
  }

  /** Name, value, name, value: as Node takes them without looking anything up. */
  of(crl: Shelved, ending: Asked['ending'], now: Date): readonly string[] {
    const second = Math.floor(now.getTime() / 1000)
    const known = this.#written.get(crl)
    if (known?.second === second) return known.headers
    const headers = Object.entries({
      ...cacheHeaders(crl, { maxAgeSeconds: this.#maxAgeSeconds }, now),
      'content-type': ending === '.pem' ? PEM_TYPE : CRL_TYPE,
      'content-length': String(crl.length),
    }).flat()
    this.#written.set(crl, { second, headers })
    return headers
  }
}

interface Asked {
  /** The key of it, or `BUNDLE`. */
  readonly scope: string
  readonly ending: '.crl' | '.pem'
}

/** Undefined for other requests. */
function askedFor({ method, url, headers }: IncomingMessage): Asked | undefined {
  if (method !== 'GET' || url?.startsWith(BELOW) !== true) return undefined
  if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) return undefined
  const ending = ENDINGS.find((known) => url.endsWith(known))
  return ending && { scope: url.slice(BELOW.length, -ending.length), ending }
}

function crlOf(parts: ApiParts, incoming: IncomingMessage, { scope, ending }: Asked): Shelved | undefined {
  return guarded(incoming, incoming.url ?? '', parts, () => {
    if (scope === BUNDLE && ending === '.pem') return parts.crls.bundle()
    const crl = parts.crls.get(parseCrlScopeKey(scope))
    return ending === '.pem' ? crl?.pem : crl?.der
  })
}

/** As the framework's routes are called in metrics. */
function routeOf(scope: string): string {
  return scope.includes('/') ? `${BELOW}:issuer/:file` : `${BELOW}:file`
}
