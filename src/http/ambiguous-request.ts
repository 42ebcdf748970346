// Refuses requests that two readers could read in two ways: a header that decides something and comes twice (Node keeps the
// first silently), and control characters in one.
import type { IncomingMessage } from 'node:http'
import { HttpRefused } from './problem.ts'

/** Headers that decide who asks, what is asked or how it is read. */
const SINGLE = ['host', 'authorization', 'content-type', 'content-length', 'idempotency-key', 'origin'] as const

export function refuseAmbiguous(incoming: IncomingMessage): void {
  // As many names as lines: nothing comes twice.
  if (Object.keys(incoming.headers).length * 2 === incoming.rawHeaders.length) return
  const { headersDistinct } = incoming
  for (const name of SINGLE) {
    if ((headersDistinct[name]?.length ?? 0) > 1) throw new HttpRefused('request_ambiguous', { header: name })
  }
}
