// One connection to a database, as the rest of storage sees it: statements in, rows out, and what a failure means.

/**
 * What a failed statement says about the transaction that it stood in.
 * - `statement`: this statement was wrong; the transaction can go back to its savepoint
 * - `duplicate`: the same, for a unique key
 * - `conflict`: others were in the way; the whole transaction may be run again
 * - `lost`: the connection is gone; what was not committed may be run again on a new one
 * - `unavailable`: disk full, read-only, damaged: running again now does not help
 */
export type FailureKind = 'statement' | 'duplicate' | 'conflict' | 'lost' | 'unavailable'

export type Row = Readonly<Record<string, unknown>>

export interface Executed {
  readonly rows: readonly Row[]
  /** Rows that were inserted, updated or deleted. */
  readonly changed: number
}

/** `name` is the same for the same text, so that a server may keep the plan; absent for texts that are made once. */
export interface StatementText {
  readonly sql: string
  readonly name?: string
  /** Whether it may change rows; absent where nobody asks. */
  readonly writes?: boolean
}

export interface Connection {
  execute(statement: StatementText, parameters: readonly unknown[]): Promise<Executed>
  /** A `write` transaction may write, a `read` transaction sees one state of the database throughout. */
  begin(mode: 'write' | 'read'): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
  savepoint(): Promise<void>
  release(): Promise<void>
  /** Undoes everything since `savepoint`, and ends it. */
  rollbackToSavepoint(): Promise<void>
  /** Whether it can still be used: false after the server hung up. */
  readonly usable: boolean
  close(): Promise<void>
  /** Drops the connection without a word to a server that may no longer answer. What was not committed is undone. */
  abandon(): void
}

/** Whether COMMIT may have taken effect although it failed. */
export type FailedCommit = 'not-committed' | 'unknown'
