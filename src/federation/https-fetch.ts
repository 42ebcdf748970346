// One document fetched from another server over HTTPS: verified against the CA that is named or the public ones, bounded in time
// and size, and never redirected: where it lies is what the operator wrote.
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'

export interface FetchOptions {
  /** PEM; the public CAs without. */
  readonly ca: string | undefined
  /** `Authorization: Bearer …`, where the server wants to know who asks. */
  readonly bearer?: string | undefined
  readonly timeoutSeconds: number
  readonly maxBytes: number
}

/** Why nothing was fetched, in one word for a log. */
export class FetchFailed extends Error {
  readonly why: string

  constructor(why: string, options?: ErrorOptions) {
    super(why, options)
    this.why = why
  }
}

/** The text of a document. Throws `FetchFailed`. */
export async function fetchText(url: URL, options: FetchOptions): Promise<string> {
  if (url.protocol !== 'https:') throw new FetchFailed('not_https')
  // Said outright, since NODE_TLS_REJECT_UNAUTHORIZED changes only the default.
  const agent = new Agent({ keepAlive: false, rejectUnauthorized: true, ...(options.ca && { ca: options.ca }) })
  const signal = AbortSignal.timeout(options.timeoutSeconds * 1000)
  try {
    const response = await responseOf(url, agent, signal, options)
    if (response.statusCode !== 200) {
      response.destroy()
      throw new FetchFailed(`status_${String(response.statusCode)}`)
    }
    return await textOf(response, options.maxBytes)
  } catch (error) {
    if (error instanceof FetchFailed) throw error
    throw new FetchFailed(signal.aborted ? 'timed_out' : codeOf(error), { cause: error })
  } finally {
    agent.destroy()
  }
}

function responseOf(url: URL, agent: Agent, signal: AbortSignal, { bearer }: FetchOptions): Promise<IncomingMessage> {
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, signal, headers: { accept: 'application/json, */*', ...authorization } })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    outgoing.end()
  })
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      response.destroy()
      throw new FetchFailed('too_large')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) throw error
  return 'code' in error && typeof error.code === 'string' ? error.code.toLowerCase() : 'failed'
}
