// Decisions are answered on the connection itself, before the framework: its request and response objects cost more than the decision,
// and every model call waits for one. What proxies ask is answered here alone; of `/v1/authorize` what is usual, that a model server hands
// over what its caller showed. Everything else, and every refusal, is the framework's as if nobody had looked.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiParts } from './parts.ts'
import { type First, give } from './first.ts'
import { guardOf, guardRequest } from './guards.ts'
import { KnownQuestions } from './known-questions.ts'
import { answerProxyCall, isProxyCall } from './proxy-calls.ts'
import { readBody } from './read-body.ts'
import { makeRequestId } from './request-id.ts'
import { AUTHORIZE, usualDecision } from './routes/authorize.ts'

interface Means {
  readonly parts: ApiParts
  readonly questions: KnownQuestions
}

export function decisionsFirst(parts: ApiParts): First {
  const means: Means = { parts, questions: new KnownQuestions() }
  return (incoming, outgoing, next) => {
    const { url = '', method } = incoming
    if (isProxyCall(url)) void answerProxyCall(parts, incoming, outgoing)
    else if (url === AUTHORIZE && method === 'POST') void answerAuthorize(means, incoming, outgoing, next)
    else next()
  }
}

/** Never rejects. */
async function answerAuthorize(
  means: Means,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  next: () => void,
): Promise<void> {
  const { parts } = means
  const started = performance.now()
  const read: ReadBody = { bytes: undefined }
  const answer = await usualAnswer(means, incoming, read).catch(() => undefined)
  if (answer === undefined) {
    // Where the framework's adapter looks for a body that somebody else has read.
    if (read.bytes !== undefined) Object.assign(incoming, { rawBody: read.bytes })
    next()
    return
  }
  parts.observer.request(AUTHORIZE, 'POST', 200, (performance.now() - started) / 1000)
  const requestId = makeRequestId()
  const headers = ['x-request-id', requestId, ...JSON_NOT_KEPT]
  give(outgoing, { status: 200, headers, body: answer, encoding: 'utf8' }, (error) =>
    parts.observer.failed(error, { requestId, route: AUTHORIZE }),
  )
}

const JSON_NOT_KEPT = ['cache-control', 'no-store', 'content-type', 'application/json']

/** What was read of the request before it turned out that the framework has to answer. */
interface ReadBody {
  bytes: Buffer | undefined
}

/** In JSON; undefined, or rejects, where the framework has to answer. */
async function usualAnswer(
  { parts, questions }: Means,
  incoming: IncomingMessage,
  read: ReadBody,
): Promise<string | undefined> {
  guardRequest(incoming, AUTHORIZE, guardOf(parts, parts.publicUrl))
  if (incoming.headers.authorization !== undefined) return undefined
  read.bytes = await readBody(incoming)
  const text = read.bytes.toString()
  const asked = questions.read(text)
  if (asked === undefined) return undefined
  const answer = JSON.stringify(await usualDecision(parts, incoming.socket, asked))
  // Only now: whoever may not ask was refused.
  questions.keep(text, asked)
  return answer
}
