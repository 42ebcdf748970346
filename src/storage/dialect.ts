// What differs between the two databases. Kysely builds and compiles each statement; our connections run them, because
// group commit needs to say itself where a transaction begins and ends.
import type { Kysely } from 'kysely'
import type { Connection, FailedCommit, FailureKind } from './connection.ts'
import type { Schema } from './schema.ts'

/** SQL words of a dialect that migrations are written with. */
export interface ColumnTypes {
  /** A whole number that the database gives out, rising: the primary key of a table that only grows. */
  readonly position: string
  readonly integer: string
  readonly bytes: string
  /** What stands behind the closing parenthesis of a table. */
  readonly table: string
  /** The same for a small table that is only ever read by its primary key. */
  readonly keyedTable: string
}

export type ConnectionPurpose = 'write' | 'read'

export interface Dialect {
  /** Compiles and never runs. */
  readonly builder: Kysely<Schema>
  /** Whether rows are locked one by one. SQLite has one writer at a time, which holds everything. */
  readonly locks: 'rows' | 'database'
  readonly columns: ColumnTypes
  /** Rows that one INSERT carries where many are inserted: many where each statement is a round trip. */
  readonly rowsPerInsert: number
  connect(purpose: ConnectionPurpose): Promise<Connection>
  failureOf(error: unknown): FailureKind
  failedCommitOf(error: unknown): FailedCommit
  /** Upkeep between batches. The next batch waits for what it returns. */
  beforeBatch(): Promise<void> | undefined
  close(): Promise<void>
}
