// Asks where the connectors of models lead: over HTTPS, verified against the public CAs or those of NODE_EXTRA_CA_CERTS, bounded.
import { ModelRefused } from '../enrollment/model-refused.ts'
import type { ModelUpstreams } from '../http/predict.ts'
import { AskFailed, askHttps } from '../outbound/ask-https.ts'

/** A large language model takes its time; a client that waits longer has given up. */
const TIMEOUT_SECONDS = 60
const MAX_BYTES = 4 * 1024 * 1024

/** `ca`: PEM; the public ones without. */
export function modelUpstreams(origins: readonly string[], ca: string | undefined): ModelUpstreams {
  return {
    origins: new Set(origins),
    ask: async ({ url, method, headers, body }) => {
      const type =
        body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
      try {
        const answer = await askHttps(url, {
          method,
          headers: { accept: 'application/json', ...type, ...headers },
          body,
          ca,
          timeoutSeconds: TIMEOUT_SECONDS,
          maxBytes: MAX_BYTES,
          accepts: (status) => status === 200,
        })
        return answer.body
      } catch (error) {
        if (!(error instanceof AskFailed)) throw error
        throw new ModelRefused('model_upstream_failed', { why: error.why })
      }
    },
  }
}
