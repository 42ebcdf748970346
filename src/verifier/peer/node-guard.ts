// Guards for servers without a framework: `http.createServer` behind TLS, `https`, `http2` with requests or with streams.
import { refusalResponse } from './refusal-response.ts'
import { type NodeRequest, type PeerGuard, verifyRequest } from './verify-request.ts'
import type { PeerIdentity } from './verdict.ts'

/** What is used of `http.ServerResponse` and `http2.Http2ServerResponse`. */
export interface NodeResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}

/** A listener for `request`, which calls `handler` for those alone who are let in. */
export function guardRequests<Request extends NodeRequest, Response extends NodeResponse>(
  guard: PeerGuard<NoInfer<Request>>,
  handler: (request: Request, response: Response, identity: PeerIdentity) => void,
): (request: Request, response: Response) => void {
  return (request, response) => {
    const verdict = verifyRequest(request, guard, request)
    if (verdict.kind === 'verified') {
      handler(request, response, verdict.identity)
      return
    }
    const { status, headers, body } = refusalResponse(verdict)
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  }
}

/** What is used of `http2.ServerHttp2Stream`. */
export interface NodeStream {
  readonly session?: { readonly socket?: object | null | undefined } | null | undefined
  /** The peer gave it up: it can be answered no more. */
  readonly closed: boolean
  readonly destroyed: boolean
  respond(headers: Record<string, string | number>): unknown
  end(body: string): unknown
}

/** A listener for `stream` of an HTTP/2 server. */
export function guardStreams<Stream extends NodeStream, Headers>(
  guard: PeerGuard<Stream>,
  handler: (stream: Stream, headers: Headers, identity: PeerIdentity) => void,
): (stream: Stream, headers: Headers, flags: number, rawHeaders: readonly string[]) => void {
  return (stream, headers, _flags, rawHeaders) => {
    const verdict = verifyRequest({ socket: stream.session?.socket, rawHeaders }, guard, stream)
    if (verdict.kind === 'verified') {
      handler(stream, headers, verdict.identity)
      return
    }
    // `respond` would throw, out of an event that nobody catches: a peer that leaves at once must not end the server.
    if (stream.closed || stream.destroyed) return
    const { status, headers: told, body } = refusalResponse(verdict)
    stream.respond({ ...told, ':status': status })
    stream.end(body)
  }
}
