// A refusal over HTTP: a problem document (RFC 9457) with the code, as Signet's own servers answer. What exactly was wrong with a
// certificate (`fault`) is for the log of the server, and not for whoever came with it.
import type { PeerRefusal } from './verdict.ts'

export interface RefusalResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function refusalResponse({ code, status, advice }: PeerRefusal): RefusalResponse {
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-authz-reason': code,
      // RFC 9110 §11.6.1: a 401 says what would do.
      ...(status === 401 ? { 'www-authenticate': 'Mutual realm="signet"' } : {}),
      ...(status === 503 ? { 'retry-after': '1' } : {}),
    },
    body: JSON.stringify({ type: `urn:signet:reason:${code}`, title: advice, status, code }),
  }
}
