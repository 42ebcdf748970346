// One attempt at one batch: BEGIN, the acts one after another, audit events and change numbers, the journal synced, COMMIT,
// and the changes shown to this process's snapshot. Only then does anyone hear of it.
//
// An act that is refused must leave nothing behind. Nearly all refusals come before the first row is written, so a batch is
// first run without savepoints, which cost every act two statements and a copy of the pages it touches. When an act is
// refused after it has written, all of it is undone and run once more, each act in a savepoint of its own.
import type { NumberedChange } from '../domain/change.ts'
import type { Clock } from '../domain/clock.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Dialect } from './dialect.ts'
import type { Journal } from './journal.ts'
import { Recorder } from './recorder.ts'
import { Session } from './session.ts'

/** Tells the caller of an act what came of it. */
export type Settle = () => void

type Act<Tx> = (tx: Tx) => Promise<Settle>

/** How the acts of a batch are kept apart: not at all (one act), by being refused before they write, or by savepoints. */
type Guard = 'alone' | 'bare' | 'savepoints'

export type ActOutcome =
  { readonly kind: 'kept'; readonly settle: Settle } | { readonly kind: 'refused'; readonly error: unknown }

/**
 * Nothing of the batch was kept (`again`: a new attempt may succeed), or nobody knows (`commit-unknown`).
 */
export class BatchFailed extends Error {
  readonly kind: 'again' | 'unavailable' | 'commit-unknown'

  constructor(kind: BatchFailed['kind'], message: string, cause: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

/** Acts that shared a commit, and the time from BEGIN until it was durable. */
export interface CommittedBatch {
  readonly acts: number
  readonly seconds: number
}

export interface BatchWriterParts<Tx> {
  readonly dialect: Dialect
  readonly journal: Journal
  readonly feed: ChangeFeed
  readonly clock: Clock
  readonly txOf: (session: Session, recorder: Recorder) => Tx
  readonly onBatch: (batch: CommittedBatch) => void
  /** Changes up to this number are committed, and `feed` could not bring them to this process's snapshot. */
  readonly onUnshown: (seq: number) => void
  /** A failure after the commit: what was asked is done, and nobody who asked hears of it. */
  readonly onFault: (error: unknown) => void
}

interface Writing<Tx> {
  readonly session: Session
  readonly recorder: Recorder
  readonly tx: Tx
}

export class BatchWriter<Tx> {
  readonly #parts: BatchWriterParts<Tx>
  #writing: Writing<Tx> | undefined

  constructor(parts: BatchWriterParts<Tx>) {
    this.#parts = parts
  }

  /** Throws `BatchFailed`. */
  async write(acts: readonly Act<Tx>[]): Promise<readonly ActOutcome[]> {
    await this.#parts.dialect.beforeBatch()
    // A lone act needs no savepoint: the batch is its own.
    const outcomes = await this.#writeOnce(acts, acts.length === 1 ? 'alone' : 'bare')
    return outcomes === 'traces-left' ? this.#writeAgain(acts) : outcomes
  }

  async #writeAgain(acts: readonly Act<Tx>[]): Promise<readonly ActOutcome[]> {
    const outcomes = await this.#writeOnce(acts, 'savepoints')
    if (outcomes === 'traces-left') throw new Error('a savepoint was not gone back to')
    return outcomes
  }

  async #writeOnce(acts: readonly Act<Tx>[], guard: Guard): Promise<readonly ActOutcome[] | 'traces-left'> {
    const writing = await this.#connected()
    const outcomes: ActOutcome[] = []
    let numbered
    const began = this.#parts.clock.monotonicMilliseconds()
    try {
      writing.recorder.clear()
      await writing.session.begin('write')
      for (const act of acts) {
        const outcome = await runAct(writing, act, guard)
        if (outcome === 'traces-left') {
          await writing.session.connection.rollback()
          return outcome
        }
        outcomes.push(outcome)
      }
      if (!outcomes.some(({ kind }) => kind === 'kept')) {
        await writing.session.connection.rollback()
        return outcomes
      }
      numbered = await writing.recorder.write(writing.session)
      await this.#journalled(writing)
    } catch (error) {
      throw await this.#undone(writing, error)
    }
    await this.#commit(writing)
    this.#parts.onBatch({
      acts: outcomes.filter(({ kind }) => kind === 'kept').length,
      seconds: (this.#parts.clock.monotonicMilliseconds() - began) / 1000,
    })
    await this.#show(numbered)
    return outcomes
  }

  async close(): Promise<void> {
    await this.#writing?.session.connection.close()
  }

  async #connected(): Promise<Writing<Tx>> {
    if (this.#writing?.session.connection.usable === true) return this.#writing
    this.#abandon()
    const { dialect, txOf } = this.#parts
    try {
      const session = new Session(await dialect.connect('write'), dialect, 'taken')
      const recorder = new Recorder()
      this.#writing = { session, recorder, tx: txOf(session, recorder) }
      return this.#writing
    } catch (error) {
      throw this.#failed(error)
    }
  }

  async #journalled({ recorder }: Writing<Tx>): Promise<void> {
    try {
      await this.#parts.journal.append(recorder.entries, this.#parts.clock.now())
    } catch (error) {
      throw new BatchFailed('unavailable', 'the journal could not be written', error)
    }
  }

  async #commit(writing: Writing<Tx>): Promise<void> {
    const { dialect } = this.#parts
    try {
      await writing.session.connection.commit()
    } catch (error) {
      const undone = await this.#undone(writing, error)
      throw dialect.failedCommitOf(error) === 'unknown'
        ? new BatchFailed('commit-unknown', 'the outcome of the commit is not known', error)
        : undone
    }
  }

  /**
   * Before anyone is answered, this process's snapshot shows it. When it cannot, the acts are durable all the same and their
   * callers are told so. First the snapshot's owner hears what is missing, so that nothing is decided without it until a
   * poll delivers it.
   */
  async #show(numbered: readonly NumberedChange[]): Promise<void> {
    try {
      await this.#parts.feed.own(numbered)
    } catch (error) {
      const last = numbered.at(-1)
      if (last !== undefined) this.#parts.onUnshown(last.seq)
      this.#parts.onFault(error)
    }
  }

  /** Rolls back. A connection on which that fails, or that says nothing any more, is abandoned, which does the same. */
  async #undone({ session }: Writing<Tx>, error: unknown): Promise<BatchFailed> {
    const failed = error instanceof BatchFailed ? error : this.#failed(error)
    const lost = !(error instanceof BatchFailed) && this.#parts.dialect.failureOf(error) === 'lost'
    try {
      if (!lost) await session.connection.rollback()
    } catch {
      this.#abandon()
    }
    if (lost || !session.connection.usable) this.#abandon()
    return failed
  }

  #failed(error: unknown): BatchFailed {
    const kind = this.#parts.dialect.failureOf(error)
    return kind === 'conflict' || kind === 'lost'
      ? new BatchFailed('again', 'the database was not free or not there', error)
      : new BatchFailed('unavailable', 'the database could not be written', error)
  }

  #abandon(): void {
    this.#writing?.session.connection.abandon()
    this.#writing = undefined
  }
}

/** Throws what ends the whole batch, even when the act has caught it. */
async function runAct<Tx>(
  { session, recorder, tx }: Writing<Tx>,
  act: Act<Tx>,
  guard: Guard,
): Promise<ActOutcome | 'traces-left'> {
  const { connection, traces } = session
  const mark = recorder.mark()
  if (guard === 'savepoints') await connection.savepoint()
  try {
    const settle = await act(tx)
    if (session.doom !== undefined) throw session.doom.error
    if (guard === 'savepoints') await connection.release()
    return { kind: 'kept', settle }
  } catch (error) {
    if (session.doom !== undefined) throw session.doom.error
    if (guard === 'savepoints') await connection.rollbackToSavepoint()
    else if (guard === 'bare' && session.traces > traces) return 'traces-left'
    recorder.backTo(mark)
    return { kind: 'refused', error }
  }
}
