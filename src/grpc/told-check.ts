// Envoy's question as a told call. Only the fields that docs/proxies.md names are read: `source.principal` is a text about a
// certificate and nobody's identity, and `query` and `fragment` are empty always.
//
// Nothing is judged here but that the question is about an HTTP request at all (row A8).
import { type BodyModel, readBodyModel } from '../proxies/body-model.ts'
import type { ToldCall } from '../proxies/told-call.ts'
import { headersOfMerged, type RawHeader } from '../proxies/told-headers.ts'
import type { CheckRequest, HttpRequest } from './protocol.ts'

/** Of `context_extensions`, which the route's own configuration fills and no client can. */
const DEPLOYMENT = 'deployment'

/** Undefined when it is not about an HTTP request, or says twice for which deployment it is. */
export function toldCheck({ attributes }: CheckRequest): ToldCall | undefined {
  const http = attributes?.request?.http
  if (attributes === undefined || http === undefined || !http.method || !http.path) return undefined
  const [deployment, ...more] = attributes.context_extensions.filter(({ key }) => key === DEPLOYMENT)
  if (more.length > 0) return undefined
  const headers = headersOf(http)
  return {
    headers,
    method: http.method,
    target: http.path,
    normalizedPath: undefined,
    host: http.host,
    deployment: deployment === undefined ? undefined : (deployment.value ?? ''),
    model: modelOf(http, headers),
    certificate: { kind: 'envoy-grpc', text: attributes.source?.certificate ?? '' },
    clientAddress: attributes.source?.address?.socket_address?.address,
  }
}

/** Unmerged where Envoy is told to send them so (`encode_raw_headers`). */
function headersOf({ headers, header_map: raw }: HttpRequest): readonly RawHeader[] {
  const entries = raw === undefined ? headers : raw.headers.map(unmerged)
  return headersOfMerged(entries.map(({ key = '', value = '' }): RawHeader => [key, value]))
}

/** Bytes as HTTP has them, so that nothing is lost that a strict reader would refuse. */
function unmerged({ key, value, raw_value: raw }: NonNullable<HttpRequest['header_map']>['headers'][number]) {
  return { key, value: raw === undefined ? value : Buffer.from(raw).toString('latin1') }
}

/** Envoy sends a body only where its filter has `with_request_body`. */
function modelOf({ body, raw_body: raw }: HttpRequest, headers: readonly RawHeader[]): BodyModel | 'untold' {
  const bytes = raw === undefined ? Buffer.from(body ?? '') : raw
  if (bytes.length === 0) return 'untold'
  const valueOf = (name: string): string | undefined => headers.find(([key]) => key.toLowerCase() === name)?.[1]
  return readBodyModel({ bytes, contentType: valueOf('content-type'), contentEncoding: valueOf('content-encoding') })
}
