// What `openid-client` asks a provider with (outbound/ask-https.ts). A redirect is handed back as it is, and refused there: no endpoint
// of a provider has one.
import type { CustomFetch } from 'openid-client'
import { askHttps, AskFailed } from '../outbound/ask-https.ts'

export interface OidcFetchOptions {
  /** PEM; the public CAs without. */
  readonly ca: string | undefined
  readonly timeoutSeconds: number
}

/** Largest answer of a provider. Metadata and key sets of public ones are under 20 KiB; an ID token with 1,000 groups is under 150. */
const MAX_ANSWER_BYTES = 256 * 1024

/** The library wraps what it is thrown. */
export function fetchFailureIn(error: unknown): AskFailed | undefined {
  if (error instanceof AskFailed) return error
  return error instanceof Error ? fetchFailureIn(error.cause) : undefined
}

/** Throws `AskFailed`. */
export function oidcFetch(options: OidcFetchOptions): CustomFetch {
  return async (url, { method, headers, body: form }) => {
    const { status, contentType, body } = await askHttps(new URL(url), {
      ...options,
      ...{ method, headers, body: textOf(form), maxBytes: MAX_ANSWER_BYTES, accepts: makesAnAnswer },
    })
    return new Response(body, { status, headers: contentType === undefined ? {} : { 'content-type': contentType } })
  }
}

/** Of the others the fetch standard makes no answer with a body, or none at all. */
function makesAnAnswer(status: number): boolean {
  return status >= 200 && ![204, 205, 304].includes(status)
}

/** The library sends forms and nothing else. */
function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('a provider is sent forms alone')
}
