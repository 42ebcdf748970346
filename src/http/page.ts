// A page of a list over HTTP: `limit` and `cursor` come with the query, and the cursor of the page after it goes back.
import type { z } from '@hono/zod-openapi'
import type { Page, PageRequest } from '../domain/transactions.ts'
import type { PageQuery } from './schema-parts.ts'

export function pageRequestOf({ limit, cursor }: z.output<typeof PageQuery>): PageRequest {
  return { limit, ...(cursor === undefined ? {} : { cursor }) }
}

/** The part of an answer that says where the next page begins: nothing on the last one. */
export function cursorOf({ cursor }: Page<unknown>): { readonly cursor?: string } {
  return cursor === undefined ? {} : { cursor }
}
