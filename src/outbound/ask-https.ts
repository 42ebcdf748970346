// One question to another server over HTTPS: verified against the CA that is named or the public ones, bounded in time and size. A
// redirect is an answer as any other: where something lies is what the operator wrote.
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'

export interface Question {
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** PEM; the public CAs without. */
  readonly ca: string | undefined
  readonly timeoutSeconds: number
  readonly maxBytes: number
  /** Asked before anything of the answer is read; one that is not accepted fails as `status_…`. */
  readonly accepts: (status: number) => boolean
}

export interface HttpsAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: Buffer<ArrayBuffer>
}

/** Why there is no answer, in one word for a log. */
export class AskFailed extends Error {
  readonly why: string

  constructor(why: string, options?: ErrorOptions) {
    super(why, options)
    this.why = why
  }
}

/** Throws `AskFailed`. */
export async function askHttps(url: URL, question: Question): Promise<HttpsAnswer> {
  if (url.protocol !== 'https:') throw new AskFailed('not_https')
  // Said outright, since NODE_TLS_REJECT_UNAUTHORIZED changes only the default.
  const agent = new Agent({ keepAlive: false, rejectUnauthorized: true, ...(question.ca && { ca: question.ca }) })
  const signal = AbortSignal.timeout(question.timeoutSeconds * 1000)
  try {
    const response = await responseOf(url, agent, signal, question)
    const status = response.statusCode ?? 0
    if (!question.accepts(status)) {
      response.destroy()
      throw new AskFailed(`status_${String(status)}`)
    }
    const body = await bodyOf(response, question.maxBytes)
    return { status, contentType: response.headers['content-type'], body }
  } catch (error) {
    if (error instanceof AskFailed) throw error
    throw new AskFailed(signal.aborted ? 'timed_out' : codeOf(error), { cause: error })
  } finally {
    agent.destroy()
  }
}

function responseOf(url: URL, agent: Agent, signal: AbortSignal, question: Question): Promise<IncomingMessage> {
  const { method = 'GET', headers, body } = question
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, signal, method, headers })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      response.destroy()
      throw new AskFailed('too_large')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) throw error
  return 'code' in error && typeof error.code === 'string' ? error.code.toLowerCase() : 'failed'
}
