// Lists of the API, read page by page to their end or to a limit.
import type { Answer } from './answer.ts'
import type { Query, ServiceClient } from './client.ts'
import type { Host } from './host.ts'
import { withProgress } from './progress.ts'

/** The most that the API gives at once. */
const PAGE_ROWS = 1000

export interface ListQuery {
  readonly path: string
  readonly query: Query
  /** The field of a page that holds its rows. */
  readonly rows: string
  readonly limit: number | undefined
}

export interface Listed {
  readonly rows: readonly Answer[]
  /** Whether the limit left something out. */
  readonly more: boolean
}

/** Throws `Refused`, `ServiceRefused`. */
export async function listAll(client: ServiceClient, asked: ListQuery, host: Host): Promise<Listed> {
  return withProgress(host, `reading ${asked.rows}`, async (say) => {
    const rows: Answer[] = []
    let cursor: string | undefined
    do {
      const limit = Math.min(PAGE_ROWS, (asked.limit ?? Infinity) - rows.length)
      const page = await client.get(asked.path, { ...asked.query, limit, cursor })
      rows.push(...page.list(asked.rows))
      cursor = page.document['cursor'] === undefined ? undefined : page.text('cursor')
      say(`reading ${asked.rows}: ${String(rows.length)}`)
    } while (cursor !== undefined && rows.length < (asked.limit ?? Infinity))
    return { rows, more: cursor !== undefined }
  })
}
