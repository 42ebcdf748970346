// What tables a database has, read from the database itself, so that no table that a migration adds can be left out of a backup.
import type { Connection } from '../connection.ts'

export interface TableFacts {
  readonly name: string
  readonly columns: readonly string[]
  /** By which its rows are read page by page. */
  readonly key: readonly string[]
}

export interface Catalog {
  /** In an order in which each comes after those that it refers to. */
  tables(connection: Connection): Promise<readonly TableFacts[]>
  /** The placeholder of the parameter of that number, from 1. */
  readonly place: (parameter: number) => string
}

interface Found extends TableFacts {
  readonly refersTo: ReadonlySet<string>
}

/** Not rows of the installation: the number of the last migration stands in the header. */
const OWN_TABLE = 'schema_version'

export const SQLITE_CATALOG: Catalog = {
  tables: async (connection) => {
    const names = await textsOf(
      connection,
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
    )
    return inOrder(names, async (name) => {
      const rows = await rowsOf(connection, `select name, pk from pragma_table_info(?)`, name)
      const key = rows.filter(({ pk }) => Number(pk) > 0).sort((one, other) => Number(one['pk']) - Number(other['pk']))
      return {
        name,
        columns: rows.map((row) => String(row['name'])),
        key: key.map((row) => String(row['name'])),
        refersTo: new Set(await textsOf(connection, `select "table" as name from pragma_foreign_key_list(?)`, name)),
      }
    })
  },
  place: () => '?',
}

export const POSTGRES_CATALOG: Catalog = {
  tables: async (connection) => {
    const names = await textsOf(
      connection,
      `select table_name as name from information_schema.tables
        where table_schema = current_schema() and table_type = 'BASE TABLE' order by table_name`,
    )
    return inOrder(names, async (name) => ({
      name,
      columns: await textsOf(
        connection,
        `select column_name as name from information_schema.columns
          where table_schema = current_schema() and table_name = $1 order by ordinal_position`,
        name,
      ),
      key: await textsOf(
        connection,
        `select k.column_name as name from information_schema.key_column_usage k
          join information_schema.table_constraints c
            on c.constraint_name = k.constraint_name and c.constraint_schema = k.constraint_schema
            and c.table_name = k.table_name
          where c.constraint_type = 'PRIMARY KEY' and k.table_schema = current_schema() and k.table_name = $1
          order by k.ordinal_position`,
        name,
      ),
      refersTo: new Set(
        await textsOf(
          connection,
          `select t.relname as name from pg_catalog.pg_constraint c
            join pg_catalog.pg_class f on f.oid = c.conrelid
            join pg_catalog.pg_class t on t.oid = c.confrelid
            join pg_catalog.pg_namespace n on n.oid = f.relnamespace
            where c.contype = 'f' and n.nspname = current_schema() and f.relname = $1`,
          name,
        ),
      ),
    }))
  },
  place: (parameter) => `$${String(parameter)}`,
}

async function inOrder(
  names: readonly string[],
  factsOf: (name: string) => Promise<Found>,
): Promise<readonly TableFacts[]> {
  const waiting: Found[] = []
  for (const name of names) if (name !== OWN_TABLE) waiting.push(await factsOf(name))
  const placed = new Set<string>()
  const ordered: Found[] = []
  while (waiting.length > 0) {
    const free = waiting.findIndex(({ name, refersTo }) => [...refersTo].every((to) => to === name || placed.has(to)))
    const [next] = waiting.splice(Math.max(free, 0), 1)
    if (next === undefined) break
    placed.add(next.name)
    ordered.push(next)
  }
  return ordered
}

async function rowsOf(connection: Connection, sql: string, ...parameters: readonly unknown[]) {
  return (await connection.execute({ sql }, parameters)).rows
}

async function textsOf(connection: Connection, sql: string, ...parameters: readonly unknown[]): Promise<string[]> {
  return (await rowsOf(connection, sql, ...parameters)).map((row) => String(row['name']))
}
