// A guard for Fastify (4 and 5): an `onRequest` hook, so that nothing of a body is read for whoever is refused. The identity is
// `identityOf(request)`.
import { refusalResponse } from './refusal-response.ts'
import { type NodeRequest, type PeerGuard, verifyRequest } from './verify-request.ts'

export interface FastifyRequestLike {
  readonly raw: NodeRequest
}

export interface FastifyReplyLike {
  code(status: number): unknown
  headers(headers: Record<string, string>): unknown
  send(body: string): unknown
}

export function guardFastify<Request extends FastifyRequestLike>(
  guard: PeerGuard<Request>,
): (request: Request, reply: FastifyReplyLike) => Promise<unknown> {
  return async (request, reply) => {
    const verdict = verifyRequest(request.raw, guard, request)
    if (verdict.kind === 'verified') return undefined
    const { status, headers, body } = refusalResponse(verdict)
    reply.code(status)
    reply.headers(headers)
    reply.send(body)
    // Fastify: a hook that has answered gives the reply, and nothing runs after it.
    return reply
  }
}
