// Lists are read page by page by the key of the last row seen (never by offset: that skips rows and slows down with depth).
// A cursor names its list and filter, and is refused anywhere else; it grants nothing, so it is not signed.
import { createHash } from 'node:crypto'
import { CursorRejected, type Page, type SelectedPage } from '../domain/transactions.ts'

export type KeyPart = string | number
export type Key = readonly KeyPart[]

export interface KeysetList<Row, Item, LastKey extends Key> {
  /** The list and everything that selects from it: a cursor is good for the same again. */
  readonly name: string
  /** Before the first row. Its parts tell the types of a cursor's. */
  readonly start: LastKey
  readonly fetch: (after: LastKey, limit: number) => Promise<readonly Row[]>
  readonly keyOf: (row: Row) => LastKey
  readonly itemOf: (row: Row) => Item
}

const MAX_PAGE = 1000

/** Throws `CursorRejected`. */
export async function readPage<Row, Item, LastKey extends Key>(
  { limit, cursor, shows }: SelectedPage<Item>,
  list: KeysetList<Row, Item, LastKey>,
): Promise<Page<Item>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) throw new RangeError(`limit ${limit}`)
  const items: Item[] = []
  let [after, last] = [cursor === undefined ? list.start : decodeCursor(cursor, list), list.start]
  // Whatever is left out costs a look, since a cursor at it would tell that it is there, and its name.
  const batch = shows === undefined ? limit + 1 : MAX_PAGE
  for (;;) {
    const rows = await list.fetch(after, batch)
    for (const row of rows) {
      after = list.keyOf(row)
      const item = list.itemOf(row)
      if (shows !== undefined && !(await shows(item))) continue
      if (items.length === limit) return { items, cursor: encodeCursor(list.name, last) }
      items.push(item)
      last = after
    }
    if (rows.length < batch) return { items }
  }
}

function encodeCursor(name: string, key: Key): string {
  return Buffer.from(JSON.stringify([tagOf(name), ...key])).toString('base64url')
}

/** Longer than the longest key: the name of a group has 512 octets, each of them escaped. */
const MAX_CURSOR_LENGTH = 2000

function decodeCursor<LastKey extends Key>(cursor: string, list: { name: string; start: LastKey }): LastKey {
  const parts = cursor.length > MAX_CURSOR_LENGTH ? undefined : parseParts(cursor)
  if (!Array.isArray(parts)) throw new CursorRejected()
  const [tag, ...key] = parts as readonly unknown[]
  if (tag !== tagOf(list.name) || !isLike(key, list.start)) throw new CursorRejected()
  // One spelling for each cursor: base64url ignores what does not belong to it.
  if (encodeCursor(list.name, key) !== cursor) throw new CursorRejected()
  return key
}

function parseParts(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw new CursorRejected()
  }
}

function isLike<LastKey extends Key>(key: readonly unknown[], start: LastKey): key is LastKey & readonly unknown[] {
  return (
    key.length === start.length &&
    start.every((part, index) => typeof key[index] === typeof part && isStorable(key[index]))
  )
}

/** PostgreSQL takes no NUL in a text, and no fraction or infinity in an integer. */
function isStorable(part: unknown): boolean {
  return typeof part === 'string' ? !part.includes('\0') : Number.isSafeInteger(part)
}

function tagOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, 8)
}
