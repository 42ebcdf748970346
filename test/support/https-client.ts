// A plain HTTPS client for tests: node's own, the server always verified against the installation's root.
import { Agent, request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'

export interface ClientIdentity {
  /** PEM, leaf first, with its chain. */
  readonly certificate: string
  readonly key: string
}

export interface Target {
  readonly url: string
  readonly ca: string
  readonly identity?: ClientIdentity
  readonly agent?: Agent
}

export interface Request {
  readonly method: string
  readonly path: string
  /** An object is sent as JSON; a text or bytes as they are. */
  readonly body?: unknown
  readonly headers?: Record<string, string | string[]>
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly bytes: Buffer
  /** Empty when the body is no JSON object. */
  readonly json: Record<string, unknown>
  /** `code` of a problem document. */
  readonly code: string | undefined
}

/** What tells one refusal from another. */
export const known = ({ status, code }: Answer) => ({ status, code })

export function agentFor({ ca, identity }: Pick<Target, 'ca' | 'identity'>, keepAlive = true): Agent {
  return new Agent({
    ca,
    keepAlive,
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
  })
}

/** One request; without an `agent` on a connection of its own. */
export function send(target: Target, { method, path, body, headers = {} }: Request): Promise<Answer> {
  const agent = target.agent ?? agentFor(target, false)
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const payload = body === undefined ? undefined : isRaw ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
  const content =
    payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(payload.length) }
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      new URL(path, target.url),
      { method, agent, headers: { ...content, ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const bytes = Buffer.concat(chunks)
          const json = jsonOf(bytes.toString('utf8'))
          const code = json['code']
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: bytes.toString('utf8'),
            bytes,
            json,
            code: typeof code === 'string' ? code : undefined,
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(payload)
  })
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}
