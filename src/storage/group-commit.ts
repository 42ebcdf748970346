// Group commit: acts that arrive while a batch is being written wait, and become the next batch. They run one after another
// in one transaction, so that many share one sync, and none sees another's failure.
//
// This file holds the queue, the retries and what the callers are told; `batch-writer.ts` is one attempt at one batch.
import type { Clock } from '../domain/clock.ts'
import { nextTurn } from '../domain/next-turn.ts'
import type { Transactions } from '../domain/transactions.ts'
import { BatchFailed, type BatchWriter, type Settle } from './batch-writer.ts'
import { CommitUnknown, StorageClosed, StorageUnavailable } from './errors.ts'

/** Acts in one transaction: it bounds how long locks are held and what is repeated after a conflict. */
const MAX_BATCH = 256

/**
 * Turns of the event loop that bring no act, after which a batch begins: issuing takes three from a request to its act. They
 * are over at once when there is nothing else to do.
 */
const QUIET_TURNS = 4

/** Acts that may wait. More than that is not a burst but a database that has stopped. */
const MAX_WAITING = 10_000

/** A batch that meets conflicts or a lost connection is tried until one of these is reached. */
const MAX_ATTEMPTS = 40
const RETRY_MILLISECONDS = 5_000

/** Longest pause between attempts. */
const MAX_PAUSE_MILLISECONDS = 100

interface WaitingAct<Tx> {
  /** Runs the act and gives what tells its caller. */
  readonly run: (tx: Tx) => Promise<Settle>
  readonly reject: (error: unknown) => void
}

export interface GroupCommitParts<Tx> {
  readonly writer: BatchWriter<Tx>
  readonly clock: Clock
  readonly pause: (milliseconds: number) => Promise<void>
}

export class GroupCommit<Tx> implements Transactions<Tx> {
  readonly #parts: GroupCommitParts<Tx>
  readonly #waiting: WaitingAct<Tx>[] = []
  #working: Promise<void> | undefined
  #closed = false

  constructor(parts: GroupCommitParts<Tx>) {
    this.#parts = parts
  }

  /** Throws what `act` throws, `StorageUnavailable`, `CommitUnknown`, `StorageClosed`. */
  run<Result>(act: (tx: Tx) => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new StorageClosed())
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new StorageUnavailable('too many acts wait'))
    return new Promise<Result>((resolve, reject) => {
      const run = async (tx: Tx): Promise<Settle> => {
        const result = await act(tx)
        return () => resolve(result)
      }
      this.#waiting.push({ run, reject })
      this.#working ??= this.#work()
    })
  }

  /** Finishes what was accepted. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#working
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather()
      await this.#commit(this.#waiting.splice(0, MAX_BATCH))
    }
    this.#working = undefined
  }

  /** While the processor is busy with what will be acts, they belong to one batch: a fuller one shares syncs and pages. */
  async #gather(): Promise<void> {
    for (let quietTurns = 0; quietTurns < QUIET_TURNS && this.#waiting.length < MAX_BATCH;) {
      const before = this.#waiting.length
      await nextTurn()
      quietTurns = this.#waiting.length > before ? 0 : quietTurns + 1
    }
  }

  async #commit(batch: readonly WaitingAct<Tx>[]): Promise<void> {
    try {
      const outcomes = await this.#write(batch)
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.kind === 'kept') outcome.settle()
        else batch[index]?.reject(outcome.error)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  async #write(batch: readonly WaitingAct<Tx>[]) {
    const { writer, clock, pause } = this.#parts
    const acts = batch.map(({ run }) => run)
    const giveUpAt = clock.monotonicMilliseconds() + RETRY_MILLISECONDS
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await writer.write(acts)
      } catch (error) {
        if (!(error instanceof BatchFailed)) throw error
        if (error.kind === 'commit-unknown') throw new CommitUnknown(error.cause)
        const again = error.kind === 'again' && attempt < MAX_ATTEMPTS && clock.monotonicMilliseconds() < giveUpAt
        if (!again) throw new StorageUnavailable(error.message, error.cause)
        await pause(pauseBefore(attempt))
      }
    }
  }
}

/** Doubles, and half of it is chance: two processes that collided should not collide again. */
function pauseBefore(attempt: number): number {
  const longest = Math.min(2 ** attempt, MAX_PAUSE_MILLISECONDS)
  return longest / 2 + (Math.random() * longest) / 2
}
