// `Signet-Revision`: what a client that asks another process has to wait for, to see what it has just written. It is on every
// write that succeeded, and on nothing else.
import type { Snapshot } from '../access/snapshot.ts'

export const REVISION_HEADER = 'signet-revision'

/** They are POST for the sake of their body. */
const QUESTIONS: ReadonlySet<string> = new Set([
  '/_plugins/_ml/model_groups/_search',
  '/_plugins/_ml/models/_search',
  '/v1/authorize',
  '/v1/tokens/introspect',
])

/** A method in any case, and the path of a request or of a route: a question has no parameters in its path. */
export function isWrite(method: string, path: string): boolean {
  return !/^(?:get|head)$/i.test(method) && !QUESTIONS.has(path) && !path.endsWith('/_predict')
}

/** At which the write of now can be seen. One that this process could not show yet has its number all the same. */
export function revisionOf({ expectedRevision }: Snapshot): string {
  return String(expectedRevision)
}

/** For `/openapi.json`. */
export const REVISION_IN_ANSWER = {
  [REVISION_HEADER]: {
    description: 'A process whose `policyRevision` is this or higher knows what was written',
    schema: { type: 'integer' },
  },
} as const
