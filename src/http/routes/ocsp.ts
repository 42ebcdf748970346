// OCSP over HTTP (RFC 6960 appendix A, RFC 5019 §5, §6), for everyone, over HTTPS and plain HTTP, where it was not answered before the
// framework (ocsp-first.ts). Whatever a stranger sends is answered in OCSP's own words with status 200, also what is no request at all.
import { Hono } from 'hono'
import { headersOf, OCSP_PATH, ocspReply, ocspResponse, requestInUrl } from '../ocsp-wire.ts'
import type { ApiEnvironment, ApiParts } from '../parts.ts'
import { isUnchanged } from '../shelved-response.ts'

export function ocspRoutes({ ocsp, context, observer }: ApiParts): Hono<ApiEnvironment> {
  const routes = new Hono<ApiEnvironment>()
  const maxAgeSeconds = context.policy.revocation.ocsp.cacheMaxAgeSeconds

  routes.post(OCSP_PATH, async (c) => {
    const answer = await ocsp.answer(new Uint8Array(await c.req.arrayBuffer()))
    const reply = ocspReply(answer, { caches: 'kept out', maxAgeSeconds, now: context.clock.now() })
    observer.ocspAnswered(reply.outcome)
    return ocspResponse(reply)
  })
  routes.get(`${OCSP_PATH}/*`, async (c) => {
    const answer = await ocsp.answer(requestInUrl(c.env.incoming.url ?? ''))
    const reply = ocspReply(answer, { caches: 'told', maxAgeSeconds, now: context.clock.now() })
    observer.ocspAnswered(reply.outcome)
    // Two processes may say two things of one second: its date alone tells nobody that nothing has changed.
    const isSame = answer.kind === 'kept' && isUnchanged(c.req.raw.headers, answer.answer.shelved, 'shared')
    return isSame ? new Response(null, { status: 304, headers: headersOf(reply) }) : ocspResponse(reply)
  })
  return routes
}
