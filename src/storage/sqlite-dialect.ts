// SQLite, through better-sqlite3: one writer, readers beside it (WAL), each commit synced before it returns.
//
// The calls are synchronous. That is what makes an act cheap (no message to a thread for each statement), and it means that
// the sync of a commit holds up the event loop: group commit shares it among all acts that have arrived.
import { closeSync, openSync, statSync } from 'node:fs'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { FailedCommit, FailureKind } from './connection.ts'
import type { ColumnTypes, ConnectionPurpose, Dialect } from './dialect.ts'
import type { Schema } from './schema.ts'
import { SqliteCheckpointer } from './sqlite-checkpointer.ts'
import { SqliteConnection } from './sqlite-connection.ts'

export class SqliteDialect implements Dialect {
  readonly builder = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  readonly locks = 'database'
  readonly columns: ColumnTypes = {
    position: 'integer primary key',
    integer: 'integer',
    bytes: 'blob',
    table: 'strict',
    keyedTable: 'strict, without rowid',
  }
  readonly rowsPerInsert = 1
  readonly #path: string
  readonly #checkpointer: SqliteCheckpointer

  constructor(path: string, onFault: (error: unknown) => void) {
    this.#path = path
    this.#checkpointer = new SqliteCheckpointer(path, onFault)
  }

  async connect(purpose: ConnectionPurpose): Promise<SqliteConnection> {
    for (;;) {
      // SQLite gives the log beside it the permissions of the database file.
      if (purpose === 'write') closeSync(openSync(this.#path, 'a', 0o600))
      const there = this.#inode()
      const opened = this.#open(purpose)
      // Opening waits for a restore to end, which has put another file in the place of the one that was opened.
      if (this.#inode() !== there) await opened.connection?.close()
      else if (opened.connection === undefined) throw opened.error
      else return opened.connection
    }
  }

  #open(purpose: ConnectionPurpose): Opened {
    try {
      return { connection: new SqliteConnection(this.#path, purpose) }
    } catch (error) {
      return { connection: undefined, error }
    }
  }

  #inode(): bigint | undefined {
    return statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino
  }

  failureOf(error: unknown): FailureKind {
    return failureOfCode(codeOf(error))
  }

  /** A failed sync says nothing about what is on the disk (fsync may drop the pages that it could not write). */
  failedCommitOf(error: unknown): FailedCommit {
    return codeOf(error).startsWith('SQLITE_IOERR') ? 'unknown' : 'not-committed'
  }

  beforeBatch(): Promise<void> | undefined {
    return this.#checkpointer.look()
  }

  async close(): Promise<void> {
    await this.#checkpointer.close()
  }
}

type Opened = { readonly connection: SqliteConnection } | { readonly connection: undefined; readonly error: unknown }

const UNAVAILABLE = /^SQLITE_(?:FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM|PERM|AUTH|PROTOCOL|INTERRUPT)(?:_|$)/

function failureOfCode(code: string): FailureKind {
  if (/^SQLITE_(?:BUSY|LOCKED)(?:_|$)/.test(code)) return 'conflict'
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return 'duplicate'
  return UNAVAILABLE.test(code) ? 'unavailable' : 'statement'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
