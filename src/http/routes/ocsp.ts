// OCSP over HTTP (RFC 6960 appendix A, RFC 5019 §5, §6), for everyone, over HTTPS and plain HTTP. Whatever a stranger sends is
// answered in OCSP's own words with status 200, also what is no request at all.
import { Hono } from 'hono'
import type { OcspAnswer } from '../../revocation/ocsp-answers.ts'
import { OCSP_PATH, OCSP_RESPONSE_TYPE, ocspErrorResponse, requestInUrl, uncached } from '../ocsp-wire.ts'
import type { ApiEnvironment, ApiParts } from '../parts.ts'
import { shelvedResponse } from '../shelved-response.ts'

export function ocspRoutes({ ocsp, context, observer }: ApiParts): Hono<ApiEnvironment> {
  const routes = new Hono<ApiEnvironment>()
  const maxAgeSeconds = context.policy.revocation.ocsp.cacheMaxAgeSeconds
  // Two processes may say two things of one second.
  const freshness = { contentType: OCSP_RESPONSE_TYPE, maxAgeSeconds, dates: 'shared' } as const

  const answerTo = async (request: Uint8Array): Promise<OcspAnswer> => {
    const answer = await ocsp.answer(request)
    observer.ocspAnswered(outcomeOf(answer))
    return answer
  }

  routes.post(OCSP_PATH, async (c) => {
    const answer = await answerTo(new Uint8Array(await c.req.arrayBuffer()))
    return answer.kind === 'kept' ? uncached(answer.answer.body) : answerOf(answer)
  })
  // RFC 5019 §5: what GET answers may be kept by every cache on the way.
  routes.get(`${OCSP_PATH}/*`, async (c) => {
    const answer = await answerTo(requestInUrl(c.env.incoming.url ?? ''))
    if (answer.kind !== 'kept') return answerOf(answer)
    return shelvedResponse(c.req.raw, answer.answer.shelved, freshness, context.clock.now())
  })
  return routes
}

/** For the metrics, from a closed set. */
function outcomeOf(answer: OcspAnswer): string {
  if (answer.kind === 'error') return answer.status
  return answer.kind === 'kept' ? answer.from : answer.kind
}

function answerOf(answer: Exclude<OcspAnswer, { kind: 'kept' }>): Response {
  if (answer.kind === 'fresh') return uncached(new Uint8Array(answer.body))
  return ocspErrorResponse(answer.status, answer.status === 'tryLater' ? { 'retry-after': '1' } : {})
}
