// All of storage behind one object: acts (group commit), views, the state and the changes that a snapshot lives on.
import type { Change, NumberedChange } from '../domain/change.ts'
import type { Transactions } from '../domain/transactions.ts'
import type { RevocationFeedState } from '../revocation/revocation-feed-store.ts'
import type { Lease } from './installation-tables.ts'
import type { StorageTx, StorageView } from './tables.ts'

/** One change for each thing there is, as of `seq`. */
export interface CurrentState {
  readonly changes: readonly Change[]
  /** The number of the last change that is in them. */
  readonly seq: number
  /** Where the public feed of revocations is then. */
  readonly revocations: RevocationFeedState
}

export interface Storage extends Transactions<StorageTx> {
  /** Reads one state of the database throughout, beside the acts. For lists and look-ups, never for what an act decides by. */
  read<Result>(look: (view: StorageView) => Promise<Result>): Promise<Result>
  readState(): Promise<CurrentState>
  /** The same, piece by piece: for those who make something smaller of a million revocations. */
  readStateInto(take: (changes: readonly Change[]) => void): Promise<Omit<CurrentState, 'changes'>>
  /**
   * Delivers every change after `seq` to `onCommitted` from now on, and polls for those of other processes. Called with what
   * `readState` gave; called again after a `ChangeLogGap`, once the state was read anew.
   */
  follow(seq: number): void
  /** Asks the change log now. When it resolves, everything committed before the call has been delivered. */
  pollNow(): Promise<void>
  changesAfter(seq: number, limit: number): Promise<readonly NumberedChange[]>
  /** Undefined: another process holds it. */
  acquireLease(name: string, holder: string, seconds: number): Promise<Lease | undefined>
  releaseLease(name: string, holder: string): Promise<void>
  /**
   * Deletes idempotency keys that have expired, tokens, sessions and enrolment tokens a day after, and changes after a week, in many short
   * transactions and a bounded number in all. Returns how many.
   */
  forgetExpired(): Promise<number>
  /** Finishes what was accepted, then closes. */
  close(): Promise<void>
}
