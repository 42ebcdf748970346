// What every request passes before a route is asked: nothing that could be read in two ways, nothing that a browser sends from somebody
// else's page, no body without an end. On the bare request of Node, so that both ways to an answer look alike.
import type { IncomingMessage } from 'node:http'
import type { Quarantine } from '../domain/quarantine.ts'
import { refuseAmbiguous } from './ambiguous-request.ts'
import { FORM_PATHS, FORM_TYPE } from './form-body.ts'
import { refuseInQuarantine } from './in-quarantine.ts'
import { OCSP_PATH, OCSP_REQUEST_TYPE } from './ocsp-wire.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'

export interface Guard {
  /** Of the listener's own pages. */
  readonly origin: string
  readonly maxBytes: number
  readonly quarantine: Quarantine
}

export function guardOf({ limits, snapshot }: ApiParts, origin: string): Guard {
  return { origin, maxBytes: limits.bodyBytes, quarantine: snapshot.quarantine }
}

/** `path` is that of the request. Throws `HttpRefused`, `Quarantined`. */
export function guardRequest(incoming: IncomingMessage, path: string, guard: Guard): void {
  const { origin, maxBytes, quarantine } = guard
  refuseAmbiguous(incoming)
  refuseInQuarantine(quarantine, path)
  refuseForeignPage(incoming, origin)
  boundBody(incoming, path, maxBytes)
}

/**
 * What `look` finds for a request that passes; undefined where it finds nothing or either of them refuses. For what answers before the
 * framework: what is refused there the framework refuses too, and says so.
 */
export function guarded<Found>(
  incoming: IncomingMessage,
  path: string,
  parts: ApiParts,
  look: () => Found | undefined,
): Found | undefined {
  try {
    guardRequest(incoming, path, guardOf(parts, parts.publicUrl))
    return look()
  } catch {
    return undefined
  }
}

/** What may write and a browser sends from another site's page is refused (CP §6.7): programs send neither header. */
function refuseForeignPage({ method, headers }: IncomingMessage, own: string): void {
  if (method === 'GET' || method === 'HEAD') return
  const { origin, 'sec-fetch-site': site } = headers
  if ((origin !== undefined && origin !== own) || site === 'cross-site') throw new HttpRefused('foreign_page')
}

/** A body says how long it is before it is read, and what it is: one that only ends when its sender likes is refused. */
function boundBody({ headers }: IncomingMessage, path: string, maxBytes: number): void {
  if (headers['transfer-encoding'] !== undefined) throw new HttpRefused('length_required')
  const bytes = Number(headers['content-length'] ?? 0)
  if (bytes === 0) return
  if (!(bytes <= maxBytes)) throw new HttpRefused('body_too_large', { maxBytes }, { connection: 'close' })
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  const expected = bodyTypeOf(path)
  if (type !== expected) throw new HttpRefused('media_type_unsupported', { expected })
}

function bodyTypeOf(path: string): string {
  if (path === OCSP_PATH) return OCSP_REQUEST_TYPE
  return FORM_PATHS.has(path) ? FORM_TYPE : 'application/json'
}
