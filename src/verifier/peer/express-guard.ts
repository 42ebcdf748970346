// A guard for Express (4 and 5) and whatever takes its handlers: the identity is `identityOf(request)`, and `response.locals.identity`.
import type { NodeResponse } from './node-guard.ts'
import { refusalResponse } from './refusal-response.ts'
import { type NodeRequest, type PeerGuard, verifyRequest } from './verify-request.ts'

export interface ExpressResponse extends NodeResponse {
  readonly locals: object
}

export function guardExpress<Request extends NodeRequest>(
  guard: PeerGuard<Request>,
): (request: Request, response: ExpressResponse, next: () => void) => void {
  return (request, response, next) => {
    const verdict = verifyRequest(request, guard, request)
    if (verdict.kind === 'verified') {
      Object.assign(response.locals, { identity: verdict.identity })
      next()
      return
    }
    const { status, headers, body } = refusalResponse(verdict)
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  }
}
