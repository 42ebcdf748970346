// The handler of `Check`: reads, asks the desk, renders, in time. Whatever goes wrong in between is a refusal with 503, since an
// error of the call itself is something that Envoy may be configured to let through (`failure_mode_allow`).
import type { handleUnaryCall } from '@grpc/grpc-js'
import type { CallDesk } from '../proxies/answer-call.ts'
import type { Asker } from '../proxies/told-call.ts'
import { checkResponse, INVALID, UNAVAILABLE } from './check-response.ts'
import { encodeCheckResponse } from './encode-check-response.ts'
import type { CheckRequest, CheckResponse } from './protocol.ts'
import { toldCheck } from './told-check.ts'

export interface CheckParts {
  readonly desk: CallDesk
  /** Longest time for one answer, also where the proxy names no deadline. */
  readonly answerSeconds: number
  /** What the proxy is told only as PDP_UNAVAILABLE. */
  readonly failed: (error: unknown) => void
}

/** `asker`: whoever is at the other end of this connection. */
export function checkHandler(parts: CheckParts, asker: Asker): handleUnaryCall<CheckRequest, CheckResponse | Buffer> {
  return (call, respond) => {
    const deadline = call.getDeadline()
    const leftMilliseconds = Number(deadline) - Date.now()
    void inTime(answerTo(parts, asker, call.request), patience(leftMilliseconds, parts), parts).then((response) =>
      respond(null, encodeCheckResponse(response)),
    )
  }
}

async function answerTo({ desk }: CheckParts, asker: Asker, request: CheckRequest): Promise<CheckResponse> {
  const call = toldCheck(request)
  return call === undefined ? INVALID : checkResponse(await desk.answer(call, asker, 'envoy-grpc'))
}

/** A tenth of the time is left for the way back: an answer that comes too late is an error of the call. */
function patience(leftMilliseconds: number, { answerSeconds }: CheckParts): number {
  return Math.max(0, Math.min(leftMilliseconds * 0.9, answerSeconds * 1000))
}

/** Never rejects. */
function inTime(answer: Promise<CheckResponse>, milliseconds: number, { failed }: CheckParts): Promise<CheckResponse> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(UNAVAILABLE), milliseconds)
    answer.then(
      (response) => {
        clearTimeout(timer)
        resolve(response)
      },
      (error: unknown) => {
        clearTimeout(timer)
        failed(error)
        resolve(UNAVAILABLE)
      },
    )
  })
}
