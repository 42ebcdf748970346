// One SQLite connection. Statements are prepared once for each text and kept.
import Database from 'better-sqlite3'
import type { Connection, Executed, Row, StatementText } from './connection.ts'
import type { ConnectionPurpose } from './dialect.ts'

/** How long opening waits for another process that recovers the log. Later waiting is asynchronous, in group commit. */
const OPEN_TIMEOUT_MILLISECONDS = 5_000

/**
 * Pages that stay in memory, in KiB: of the writer the upper parts of the indexes of a million certificates; more of them made issuing no
 * faster, as the system has the others. There are several readers.
 */
const CACHE_KIB = { write: 16 * 1024, read: 8 * 1024 } as const satisfies Record<ConnectionPurpose, number>

const NO_ROWS: readonly Row[] = []

/** Texts that are made once (lists with filters) must not fill the memory. */
const MAX_STATEMENTS = 500

export class SqliteConnection implements Connection {
  readonly #db: Database.Database
  readonly #statements = new Map<string, Database.Statement<unknown[], Row>>()

  constructor(path: string, purpose: ConnectionPurpose) {
    this.#db = new Database(path, { readonly: purpose === 'read', timeout: OPEN_TIMEOUT_MILLISECONDS })
    if (purpose === 'write') this.#db.pragma('journal_mode = wal')
    this.#db.pragma('synchronous = full')
    this.#db.pragma('foreign_keys = on')
    this.#db.pragma('trusted_schema = off')
    // What a savepoint may have to put back stays in memory: it would be a file over 64 KiB, and one act is more.
    this.#db.pragma('temp_store = memory')
    this.#db.pragma(`cache_size = -${CACHE_KIB[purpose]}`)
    if (purpose === 'write') {
      // Waiting inside SQLite would hold up the event loop: BEGIN fails at once, and group commit tries again.
      this.#db.pragma('busy_timeout = 0')
      // Copying the log into the database is the checkpointer's: it takes tens of milliseconds.
      this.#db.pragma('wal_autocheckpoint = 0')
    }
  }

  get usable(): boolean {
    return this.#db.open
  }

  async execute({ sql }: StatementText, parameters: readonly unknown[]): Promise<Executed> {
    const statement = this.#prepare(sql)
    if (!statement.reader) return { rows: NO_ROWS, changed: statement.run(parameters).changes }
    const rows = statement.all(parameters)
    return { rows, changed: rows.length }
  }

  async begin(mode: 'write' | 'read'): Promise<void> {
    this.#prepare(mode === 'write' ? 'begin immediate' : 'begin').run()
  }

  async commit(): Promise<void> {
    this.#prepare('commit').run()
  }

  async rollback(): Promise<void> {
    // A full disk may have ended the transaction already.
    if (this.#db.inTransaction) this.#prepare('rollback').run()
  }

  async savepoint(): Promise<void> {
    this.#prepare('savepoint act').run()
  }

  async release(): Promise<void> {
    this.#prepare('release act').run()
  }

  async rollbackToSavepoint(): Promise<void> {
    this.#prepare('rollback to act').run()
    this.#prepare('release act').run()
  }

  async close(): Promise<void> {
    this.#db.close()
  }

  abandon(): void {
    this.#db.close()
  }

  #prepare(sql: string): Database.Statement<unknown[], Row> {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear()
    const made = this.#db.prepare<unknown[], Row>(sql)
    this.#statements.set(sql, made)
    return made
  }
}
