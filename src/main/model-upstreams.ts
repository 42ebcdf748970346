// Asks where the connectors of models lead: over HTTPS, verified against the CAs that the operator names or the public ones, bounded.
import { readFileSync } from 'node:fs'
import type { Configuration } from '../ops/configuration.ts'
import { ModelRefused } from '../enrollment/model-refused.ts'
import type { ModelUpstreams } from '../http/predict.ts'
import { AskFailed, askHttps } from '../outbound/ask-https.ts'

/** A large language model takes its time; a client that waits longer has given up. */
const TIMEOUT_SECONDS = 60
const MAX_BYTES = 4 * 1024 * 1024

/** Throws what reading the file throws: at start. */
export function modelUpstreams({ predictUpstreams, predictCaFile }: Configuration['access']): ModelUpstreams {
  const ca = predictCaFile === undefined ? undefined : readFileSync(predictCaFile, 'utf8')
  return {
    origins: new Set(predictUpstreams),
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
