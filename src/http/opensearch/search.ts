// The part of OpenSearch's query language that finds model groups and models: everything, by id, by the exact value of a field, by a
// word of one, and these joined. What is not known is refused, since a query that is read half finds what was not asked for.
import { z } from '@hono/zod-openapi'
import { HttpRefused } from '../problem.ts'
import type { ApiContext } from '../route.ts'
import { plainText } from '../schema-parts.ts'
import type { Hit } from './document.ts'

/** As OpenSearch has it (`index.max_result_window`). */
const WINDOW = 10_000
const DEFAULT_SIZE = 10
const MAX_DEPTH = 5

const value = z.union([plainText(512), z.number(), z.boolean()])
const fields = <Value extends z.ZodType>(of: Value) =>
  z.record(plainText(128), of).refine((named) => Object.keys(named).length === 1, 'names one field')

export type Query =
  | { readonly match_all: object }
  | { readonly term: Readonly<Record<string, unknown>> }
  | { readonly terms: Readonly<Record<string, readonly unknown[]>> }
  | { readonly match: Readonly<Record<string, unknown>> }
  | { readonly ids: { readonly values: readonly string[] } }
  | { readonly bool: Readonly<Record<'must' | 'filter' | 'should' | 'must_not', Query | readonly Query[] | undefined>> }

/** A query within so many others: what lies deeper fails here, before anything follows it. */
const queryWithin = (depth: number): z.ZodType<Query> => {
  const inner = depth === 0 ? z.never('nested too deep') : queryWithin(depth - 1)
  const clauses = z.union([inner, z.array(inner).max(100)])
  return z.union([
    z.strictObject({ match_all: z.strictObject({}) }),
    z.strictObject({ term: fields(z.union([value, z.strictObject({ value })])) }),
    z.strictObject({ terms: fields(z.array(value).max(1000)) }),
    z.strictObject({ match: fields(z.union([value, z.strictObject({ query: value })])) }),
    z.strictObject({ ids: z.strictObject({ values: z.array(plainText(512)).max(1000) }) }),
    z.strictObject({
      bool: z.strictObject({
        must: clauses.optional(),
        filter: clauses.optional(),
        should: clauses.optional(),
        must_not: clauses.optional(),
      }),
    }),
  ]) as z.ZodType<Query>
}
const query = queryWithin(MAX_DEPTH)

export const SearchBody = z
  .strictObject({
    query: query.default({ match_all: {} }),
    size: z.int().min(0).max(WINDOW).default(DEFAULT_SIZE),
    from: z.int().min(0).max(WINDOW).default(0),
  })
  .openapi('OpenSearchQuery', { type: 'object', description: 'query, size and from, as OpenSearch has them' })
export type Search = z.output<typeof SearchBody>

/** A GET may have a body here, as OpenSearch's clients send it. Throws `HttpRefused`. */
export async function searchOfGet(context: ApiContext): Promise<Search> {
  const chunks: Buffer[] = []
  for await (const chunk of context.env.incoming) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const parsed = SearchBody.safeParse(text === '' ? {} : jsonOf(text))
  if (parsed.success) return parsed.data
  throw new HttpRefused('body_rejected', {
    faults: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpRefused('body_malformed')
  }
}

/** Of what the caller may see: the page that was asked for, and how many there are. */
export function searched(all: readonly Hit[], { query: wanted, from, size }: Search) {
  const found = all.filter((hit) => matches(hit, wanted))
  return { hits: found.slice(from, from + size), total: found.length }
}

function matches(hit: Hit, wanted: Query): boolean {
  if ('match_all' in wanted) return true
  if ('ids' in wanted) return wanted.ids.values.includes(hit.id)
  if ('term' in wanted)
    return every(wanted.term, (field, one) => valuesOf(hit, field).includes(String(plain(one, 'value'))))
  if ('terms' in wanted) {
    return every(wanted.terms, (field, some) => some.some((one) => valuesOf(hit, field).includes(String(one))))
  }
  if ('match' in wanted)
    return every(wanted.match, (field, one) => sharesWord(valuesOf(hit, field), String(plain(one, 'query'))))
  const { must, filter, should, must_not: not } = wanted.bool
  const all = [...listOf(must), ...listOf(filter)]
  const any = listOf(should)
  const inside = (one: Query): boolean => matches(hit, one)
  const hasAny = any.length === 0 || all.length > 0 || any.some(inside)
  return all.every(inside) && hasAny && !listOf(not).some(inside)
}

function every<Value>(
  named: Readonly<Record<string, Value>>,
  holds: (field: string, value: Value) => boolean,
): boolean {
  return Object.entries(named).every(([field, one]) => holds(field, one))
}

function plain(one: unknown, key: 'value' | 'query'): unknown {
  return typeof one === 'object' && one !== null ? new Map<string, unknown>(Object.entries(one)).get(key) : one
}

function listOf(clause: Query | readonly Query[] | undefined): readonly Query[] {
  if (clause === undefined) return []
  return Array.isArray(clause) ? (clause as readonly Query[]) : [clause as Query]
}

/** `name.keyword` is `name`; `owner.name` lies deeper. */
function valuesOf({ id, source }: Hit, field: string): readonly string[] {
  if (field === '_id') return [id]
  let found: unknown = source
  for (const part of field.replace(/\.keyword$/, '').split('.')) {
    found =
      typeof found === 'object' && found !== null
        ? new Map<string, unknown>(Object.entries(found)).get(part)
        : undefined
  }
  const values: readonly unknown[] = Array.isArray(found) ? found : [found]
  return values.filter((one) => one !== undefined).map(String)
}

function sharesWord(values: readonly string[], text: string): boolean {
  const wanted = wordsOf(text)
  return values.some((one) => wordsOf(one).some((word) => wanted.includes(word)))
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []
}
