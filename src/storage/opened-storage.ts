// The parts of storage, joined: `openStorage` (open-storage.ts) makes them, this object lends them out.
import type { Change, NumberedChange } from '../domain/change.ts'
import { addSeconds, type Clock } from '../domain/clock.ts'
import type { BatchWriter } from './batch-writer.ts'
import type { ChangeFeed } from './change-feed.ts'
import { lastChangeNumber, readChangesAfter } from './change-log.ts'
import { readCurrentState } from './current-state.ts'
import type { Dialect } from './dialect.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Lease } from './installation-tables.ts'
import type { Journal } from './journal.ts'
import type { Poller } from './poller.ts'
import type { Session } from './session.ts'
import type { SessionPool } from './session-pool.ts'
import type { CurrentState, Storage } from './storage.ts'
import { type StorageTx, type StorageView, tablesOf } from './tables.ts'
import { FORGOTTEN_AT_ONCE, KEPT_PAST_END_SECONDS } from './upkeep.ts'

export interface StorageParts {
  readonly dialect: Dialect
  readonly clock: Clock
  readonly journal: Journal
  readonly writer: BatchWriter<StorageTx>
  readonly commits: GroupCommit<StorageTx>
  readonly readers: SessionPool
  /** Readers of the change log alone: a long list must not make the snapshot stale. */
  readonly followers: SessionPool
  readonly feed: ChangeFeed
  readonly poller: Poller
}

/** Transactions in one call of `forgetExpired` for each table; what is left waits for the next call. */
const MAX_ROUNDS = 100

export class OpenedStorage implements Storage {
  readonly #parts: StorageParts
  #closing: Promise<void> | undefined
  readonly #views = new WeakMap<Session, StorageView>()

  constructor(parts: StorageParts) {
    this.#parts = parts
  }

  run<Result>(act: (tx: StorageTx) => Promise<Result>): Promise<Result> {
    return this.#parts.commits.run(act)
  }

  read<Result>(look: (view: StorageView) => Promise<Result>): Promise<Result> {
    return this.#inOneState((session) => look(this.#viewOf(session)))
  }

  readState(): Promise<CurrentState> {
    const changes: Change[] = []
    return this.readStateInto((some) => {
      for (const change of some) changes.push(change)
    }).then((state) => ({ changes, ...state }))
  }

  readStateInto(take: (changes: readonly Change[]) => void): Promise<Omit<CurrentState, 'changes'>> {
    const at = this.#parts.clock.now()
    return this.#inOneState(async (session) => {
      const seq = await lastChangeNumber(session)
      await readCurrentState(session, at, take)
      return { seq, revocations: await this.#viewOf(session).revocationFeedState() }
    })
  }

  follow(seq: number): void {
    this.#parts.feed.follow(seq)
    this.#parts.poller.start()
  }

  pollNow(): Promise<void> {
    return this.#parts.feed.poll()
  }

  changesAfter(seq: number, limit: number): Promise<readonly NumberedChange[]> {
    return this.#parts.readers.use((session) => readChangesAfter(session, seq, limit))
  }

  acquireLease(name: string, holder: string, seconds: number): Promise<Lease | undefined> {
    return this.run((tx) => tx.acquireLease(name, holder, this.#parts.clock.now(), seconds))
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return this.run((tx) => tx.releaseLease(name, holder, this.#parts.clock.now()))
  }

  async forgetExpired(): Promise<number> {
    const at = this.#parts.clock.now()
    const longEnded = addSeconds(at, -KEPT_PAST_END_SECONDS)
    return (
      (await this.#forgetInRounds((tx) => tx.forgetIdempotencyKeys(at))) +
      (await this.#forgetInRounds((tx) => tx.forgetTokens(longEnded))) +
      (await this.#forgetInRounds((tx) => tx.forgetEnrolmentTokens(longEnded))) +
      (await this.#forgetInRounds((tx) => tx.forgetSessions(longEnded))) +
      (await this.#forgetInRounds((tx) => tx.forgetRevocationEvents(at))) +
      (await this.#forgetInRounds((tx) => tx.forgetChanges(at)))
    )
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { poller, commits, readers, followers, writer, journal, dialect } = this.#parts
    await commits.close()
    await poller.stop()
    await readers.close()
    await followers.close()
    await journal.close()
    await dialect.close()
    await writer.close()
  }

  async #forgetInRounds(forget: (tx: StorageTx) => Promise<number>): Promise<number> {
    let forgotten = 0
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const some = await this.run(forget)
      forgotten += some
      if (some < FORGOTTEN_AT_ONCE) break
    }
    return forgotten
  }

  #inOneState<Result>(look: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#parts.readers.use(async (session) => {
      await session.begin('read')
      try {
        return await look(session)
      } finally {
        // Nothing was written: ending the transaction only lets go of the state.
        if (session.doom === undefined && session.connection.usable) await session.connection.rollback()
      }
    })
  }

  #viewOf(session: Session): StorageView {
    const known = this.#views.get(session)
    if (known !== undefined) return known
    const made = tablesOf(session)
    this.#views.set(session, made)
    return made
  }
}
