// One HTTPS request and its whole answer, bounded in time and size. It retries nothing and interprets nothing but the ways
// in which a connection fails, which become refusals that say what to do.
import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { Refused, type RefusalCode } from './refused.ts'

export interface Exchange {
  readonly url: URL
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  /** Absent: no body. */
  readonly body?: string | undefined
  /** Holds trust and client certificate. */
  readonly agent: Agent
  readonly timeoutSeconds: number
  /** Ends it as if its time were over. */
  readonly stop?: AbortSignal | undefined
  readonly maxBytes: number
}

export interface RawAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

/** Throws `Refused`. `connection_lost` alone leaves open whether the request was carried out. */
export async function exchange(asked: Exchange): Promise<RawAnswer> {
  try {
    const response = await send(asked)
    const body = await readAll(response, asked.maxBytes)
    return { status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', body }
  } catch (error) {
    throw error instanceof Refused ? error : refusalOf(error, asked)
  }
}

function send({ url, method, headers, body, agent, timeoutSeconds, stop }: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(timeoutSeconds * 1000)
    const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop])
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const outgoing = request(url, { method, headers: { ...headers, ...length }, agent, signal })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Refused('answer_too_large', { maxBytes })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** By Node's error codes; those of OpenSSL's verification (X509_V_ERR_*) are listed in the documentation of node:tls. */
const CODES: ReadonlyMap<string, RefusalCode> = new Map<string, RefusalCode>([
  ['ECONNREFUSED', 'connection_refused'],
  ['ECONNRESET', 'connection_lost'],
  ['ECONNABORTED', 'connection_lost'],
  ['EPIPE', 'connection_lost'],
  ['ABORT_ERR', 'timed_out'],
  ['ETIMEDOUT', 'timed_out'],
  ['ENOTFOUND', 'host_unknown'],
  ['EAI_AGAIN', 'host_unknown'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'server_name_mismatch'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'server_untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'server_untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'server_untrusted'],
  ['CERT_SIGNATURE_FAILURE', 'server_untrusted'],
  ['CERT_NOT_YET_VALID', 'server_untrusted'],
  ['CERT_HAS_EXPIRED', 'server_untrusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'server_untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'server_untrusted'],
  ['CERT_CHAIN_TOO_LONG', 'server_untrusted'],
  ['CERT_REVOKED', 'server_untrusted'],
  ['INVALID_CA', 'server_untrusted'],
  ['INVALID_PURPOSE', 'server_untrusted'],
  ['PATH_LENGTH_EXCEEDED', 'server_untrusted'],
  ['CERT_UNTRUSTED', 'server_untrusted'],
  ['CERT_REJECTED', 'server_untrusted'],
])

function refusalOf(cause: unknown, { url, timeoutSeconds }: Exchange): Refused {
  const reason = reasonOf(cause)
  const code = CODES.get(reason) ?? 'connection_failed'
  const seconds = code === 'timed_out' ? { seconds: timeoutSeconds } : {}
  return new Refused(code, { url: url.origin, reason, ...seconds }, { cause })
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) throw cause
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
}
