// What `openid-client` asks a provider with: HTTPS alone, verified against the CA that is named or the public ones, bounded in time
// and size. A redirect is handed back as it is, and refused there: no endpoint of a provider has one.
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { CustomFetch } from 'openid-client'

export interface OidcFetchOptions {
  /** PEM; the public CAs without. */
  readonly ca: string | undefined
  readonly timeoutSeconds: number
}

/** Largest answer of a provider. Metadata and key sets of public ones are under 20 KiB; an ID token with 1,000 groups is under 150. */
export const MAX_ANSWER_BYTES = 256 * 1024

/** Why the provider could not be asked, in one word. */
export class OidcFetchFailed extends Error {
  readonly why: string

  constructor(why: string, options?: ErrorOptions) {
    super(why, options)
    this.why = why
  }
}

/** The library wraps what it is thrown. */
export function fetchFailureIn(error: unknown): OidcFetchFailed | undefined {
  if (error instanceof OidcFetchFailed) return error
  return error instanceof Error ? fetchFailureIn(error.cause) : undefined
}

/** Throws `OidcFetchFailed`. */
export function oidcFetch({ ca, timeoutSeconds }: OidcFetchOptions): CustomFetch {
  return async (url, { method, headers, body }) => {
    if (!url.startsWith('https:')) throw new OidcFetchFailed('not_https')
    // Said outright, since NODE_TLS_REJECT_UNAUTHORIZED changes only the default.
    const agent = new Agent({ keepAlive: false, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) })
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    try {
      return await asked(new URL(url), { method, headers, body: textOf(body), agent, signal })
    } catch (error) {
      if (error instanceof OidcFetchFailed) throw error
      throw new OidcFetchFailed(signal.aborted ? 'timed_out' : codeOf(error), { cause: error })
    } finally {
      agent.destroy()
    }
  }
}

interface Question {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
  readonly agent: Agent
  readonly signal: AbortSignal
}

async function asked(url: URL, { body, ...options }: Question): Promise<Response> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, options)
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
  const type = incoming.headers['content-type']
  const answer = await bytesOf(incoming)
  const status = incoming.statusCode ?? 0
  // Of these the fetch standard makes no answer with a body, and of the first none at all.
  if (status < 200 || [204, 205, 304].includes(status)) throw new OidcFetchFailed(`status_${String(status)}`)
  return new Response(answer, { status, headers: type === undefined ? {} : { 'content-type': type } })
}

async function bytesOf(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      incoming.destroy()
      throw new OidcFetchFailed('too_large')
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** The library sends forms and nothing else. */
function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('a provider is sent forms alone')
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) throw error
  return 'code' in error && typeof error.code === 'string' ? error.code.toLowerCase() : 'failed'
}
