// Headers as a proxy or a client tells them, read, for the tests of what reads them on.
import { type RawHeader, readToldHeaders, type ToldHeaders } from '../../src/proxies/told-headers.ts'

export function told(headers: readonly RawHeader[], alsoRead: readonly string[] = []): ToldHeaders {
  const read = readToldHeaders(headers, new Set(alsoRead))
  if (read.kind !== 'told') throw new Error(`${read.header}: ${read.fault}`)
  return read
}
