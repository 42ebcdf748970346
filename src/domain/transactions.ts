// The contract between the acts and the database. A folder of rules declares the narrow part of a transaction that it
// needs; `storage/` implements all of them on one object.
import { CodedError } from './coded-error.ts'
import type { AuditEvent } from './audit-event.ts'
import type { Change } from './change.ts'
import type { JournalEntry } from './journal-entry.ts'

/** What a read inside a transaction holds until the end: nothing, against those who would end it, or against everyone. */
export type RowLock = 'none' | 'share' | 'update'

export interface Transactions<Tx> {
  /**
   * Runs `act` in one durable transaction. When the promise resolves, the database and the journal are synced, and the
   * snapshot of this process shows the changes or, when it could not be brought up to date, is not confirmed until it does:
   * nothing is decided without them. When `act` throws, nothing of it is kept and the error is passed on.
   *
   * `act` may run more than once (a lost race is retried) and may share its commit with acts that arrived with it, so it
   * waits for nothing but `tx` and changes nothing but through it.
   */
  run<Result>(act: (tx: Tx) => Promise<Result>): Promise<Result>
}

/** What every act writes beside its rows, in the same transaction. */
export interface Recording {
  audit(event: AuditEvent): Promise<void>
  /** Appends to the change log: it gets the next number, and number order is commit order. */
  change(change: Change): Promise<void>
  /** Appended to the journal outside the database, synced before the commit. */
  journal(entry: JournalEntry): void
}

/** A list is read page by page; `cursor` is opaque, and absent on the last page. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly cursor?: string
}

export interface PageRequest {
  /** 1 to 1,000. */
  readonly limit: number
  /** As the page before gave it; a store throws `CursorRejected` for any other. */
  readonly cursor?: string
}

/** A list of which not everybody sees everything. */
export interface SelectedPage<Item> extends PageRequest {
  /** What is left out is in no page, and neither cursors nor the length of pages tell of it. */
  readonly shows?: (item: Item) => boolean | Promise<boolean>
}

export class CursorRejected extends CodedError<'cursor_rejected'> {
  constructor() {
    super('cursor_rejected')
  }
}
