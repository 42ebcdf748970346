// Statements over one connection. A statement is built by Kysely once, with a placeholder where each parameter goes, and run
// from then on by its text: building it anew takes longer than running it.
import type { Compilable, CompiledQuery, InsertObject, Kysely, SelectQueryBuilder } from 'kysely'
import type { RowLock } from '../domain/transactions.ts'
import type { Connection, Executed, Row, StatementText } from './connection.ts'
import type { Dialect } from './dialect.ts'
import type { Schema } from './schema.ts'

/** Runs a statement with its parameters. */
export type Prepared<Parameters, Result> = (parameters: Parameters) => Promise<readonly Result[]>

/** Whether reads take the locks that they ask for: a read-only view takes none. */
export type LockUse = 'taken' | 'ignored'

export class Session {
  readonly connection: Connection
  readonly sql: Kysely<Schema>
  readonly #dialect: Dialect
  readonly #locks: LockUse
  readonly #inserts = new Map<string, StatementText>()
  #doom: { readonly error: unknown } | undefined
  #traces = 0

  constructor(connection: Connection, dialect: Dialect, locks: LockUse) {
    this.connection = connection
    this.sql = dialect.builder
    this.#dialect = dialect
    this.#locks = locks
  }

  /** The first failure since `begin` after which nothing of the transaction can be kept, whoever caught it. */
  get doom(): { readonly error: unknown } | undefined {
    return this.#doom
  }

  /** Rises with every statement since `begin` that changed a row or failed: what a savepoint would have to undo. */
  get traces(): number {
    return this.#traces
  }

  /** Whether reads lock the rows that they find. Else nobody else writes, or nothing is written: order does not matter. */
  get locksRows(): boolean {
    return this.#dialect.locks === 'rows' && this.#locks === 'taken'
  }

  async begin(mode: 'write' | 'read'): Promise<void> {
    this.#doom = undefined
    this.#traces = 0
    await this.connection.begin(mode)
  }

  /** `build` is called once. It puts its parameters into the query as they are and looks into none of them. */
  prepare<Parameters extends object, Result>(
    build: (parameters: Parameters) => Compilable<Result>,
  ): Prepared<Parameters, Result> {
    const run = this.#prepared(build)
    // The builder knows the columns that the text asks for, and `schema.ts` is what migrations made.
    return async (parameters) => (await run(parameters)).rows as readonly (Result & Row)[]
  }

  /** A statement of which only the number of rows that it changed is asked: cheaper than RETURNING what is known. */
  prepareChange<Parameters extends object>(
    build: (parameters: Parameters) => Compilable,
  ): (parameters: Parameters) => Promise<number> {
    const run = this.#prepared(build)
    return async (parameters) => (await run(parameters)).changed
  }

  /** A read that holds its rows as asked. */
  prepareRead<Parameters extends object, Tables extends keyof Schema, Result>(
    build: (parameters: Parameters) => SelectQueryBuilder<Schema, Tables, Result>,
  ): (lock: RowLock, parameters: Parameters) => Promise<readonly Result[]> {
    const free = this.prepare(build)
    if (!this.locksRows) return (_, parameters) => free(parameters)
    const byLock = {
      none: free,
      share: this.prepare((parameters: Parameters) => build(parameters).forShare()),
      update: this.prepare((parameters: Parameters) => build(parameters).forUpdate()),
    }
    return (lock, parameters) => byLock[lock](parameters)
  }

  /** A query that is built each time: lists, whose shape depends on the filter. */
  async query<Result>(query: Compilable<Result>): Promise<readonly Result[]> {
    const { sql, parameters, query: root } = query.compile()
    return (await this.#execute({ sql, writes: writes(root) }, parameters)).rows as readonly (Result & Row)[]
  }

  /** Inserts rows that all have the same columns in the same order. */
  async insertMany<Table extends keyof Schema>(
    table: Table,
    rows: readonly InsertObject<Schema, Table>[],
  ): Promise<void> {
    const { rowsPerInsert } = this.#dialect
    for (let start = 0; start < rows.length; start += rowsPerInsert) {
      const some = rows.slice(start, start + rowsPerInsert)
      await this.#execute(
        this.#insertOf(table, some),
        some.flatMap((row) => Object.values(row)),
      )
    }
  }

  #insertOf<Table extends keyof Schema>(table: Table, rows: readonly InsertObject<Schema, Table>[]): StatementText {
    const shape = `${table} ${rows.length}`
    const known = this.#inserts.get(shape)
    if (known !== undefined) return known
    const { sql } = this.sql.insertInto(table).values(rows).compile()
    const text = { sql, writes: true }
    this.#inserts.set(shape, text)
    return text
  }

  isDuplicate(error: unknown): boolean {
    return this.#dialect.failureOf(error) === 'duplicate'
  }

  #prepared<Parameters extends object>(
    build: (parameters: Parameters) => Compilable,
  ): (parameters: Parameters) => Promise<Executed> {
    let compiled: CompiledStatement | undefined
    return (parameters) => {
      compiled ??= namedStatement(build(PLACEHOLDERS as Parameters).compile())
      return this.#execute(compiled.text, parametersOf(compiled, parameters))
    }
  }

  async #execute(text: StatementText, parameters: readonly unknown[]): Promise<Executed> {
    try {
      const executed = await this.connection.execute(text, parameters)
      if (text.writes === true && executed.changed > 0) this.#traces += 1
      return executed
    } catch (error) {
      this.#traces += 1
      const kind = this.#dialect.failureOf(error)
      if (kind !== 'statement' && kind !== 'duplicate') this.#doom ??= { error }
      throw error
    }
  }
}

interface CompiledStatement {
  readonly text: StatementText
  readonly sources: readonly unknown[]
}

/** Stands in a query for the parameter of that name. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

let statementCount = 0

/** Whatever it is asked for, it gives a placeholder of that name. */
const PLACEHOLDERS = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) })

function namedStatement({ sql, parameters, query }: CompiledQuery): CompiledStatement {
  statementCount += 1
  return { text: { sql, name: `signet_${statementCount}`, writes: writes(query) }, sources: parameters }
}

function writes({ kind }: CompiledQuery['query']): boolean {
  return kind !== 'SelectQueryNode'
}

function parametersOf({ sources }: CompiledStatement, parameters: object): readonly unknown[] {
  const given = parameters as Readonly<Record<string, unknown>>
  return sources.map((source) => (source instanceof Placeholder ? given[source.name] : source))
}
