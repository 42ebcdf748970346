// Answers GET and HEAD for a body that was encoded before: strong ETag, Last-Modified, conditional requests (RFC 9110 §13),
// Cache-Control and Expires (RFC 9111 §5). Nothing is computed per request.
import type { Shelved } from '../revocation/crl-shelf.ts'

export interface Freshness {
  readonly contentType: string
  /** `max-age` in seconds; Expires is that far from now, and never after the body's own end. */
  readonly maxAgeSeconds: number
  /** Whether no other body has the same Last-Modified: `shared` dates tell nobody that nothing has changed (RFC 9110 §8.8.2.2). */
  readonly dates: 'rising' | 'shared'
}

export function shelvedResponse(request: Request, shelved: Shelved, freshness: Freshness, now: Date): Response {
  const headers = cacheHeaders(shelved, freshness, now)
  if (isUnchanged(request.headers, shelved, freshness.dates)) return new Response(null, { status: 304, headers })
  headers['content-type'] = freshness.contentType
  headers['content-length'] = String(shelved.length)
  return new Response(request.method === 'HEAD' ? null : bodyOf(shelved), { status: 200, headers })
}

/** What caches are told of it. */
export function cacheHeaders(
  { etag, lastModified, expires }: Shelved,
  { maxAgeSeconds }: Pick<Freshness, 'maxAgeSeconds'>,
  now: Date,
): Record<string, string> {
  const until = Math.min(now.getTime() + maxAgeSeconds * 1000, expires.getTime())
  return {
    etag,
    'last-modified': lastModified.toUTCString(),
    'cache-control': `public, max-age=${String(maxAgeSeconds)}, must-revalidate`,
    expires: new Date(until).toUTCString(),
  }
}

/** One piece as it is. Of many, or of shared memory, which cannot be a body, one after the other as they are taken. */
function bodyOf({ parts }: Shelved): BodyInit {
  const only = isList(parts) && parts.length === 1 ? parts[0] : undefined
  if (only !== undefined && isOwn(only)) return only
  const coming = parts[Symbol.iterator]()
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = coming.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
    },
    { highWaterMark: 0 },
  )
}

function isList(parts: Iterable<Uint8Array>): parts is readonly Uint8Array[] {
  return Array.isArray(parts)
}

function isOwn(part: Uint8Array): part is Uint8Array<ArrayBuffer> {
  return part.buffer instanceof ArrayBuffer
}

/** If-None-Match decides alone when it is there (RFC 9110 §13.1.3). */
export function isUnchanged(headers: Headers, shelved: Shelved, dates: Freshness['dates']): boolean {
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null) {
    return noneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === shelved.etag)
  }
  if (dates === 'shared') return false
  const since = Date.parse(headers.get('if-modified-since') ?? '')
  return Number.isFinite(since) && Math.floor(shelved.lastModified.getTime() / 1000) * 1000 <= since
}
