// Opens the storage of an installation: connects, migrates, and joins the parts.
import { setTimeout as delay } from 'node:timers/promises'
import type { NumberedChange } from '../domain/change.ts'
import type { Clock } from '../domain/clock.ts'
import { BatchWriter, type CommittedBatch } from './batch-writer.ts'
import { ChangeFeed } from './change-feed.ts'
import { readChangesAfter } from './change-log.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { dialectOf } from './dialect-of.ts'
import { GroupCommit } from './group-commit.ts'
import { type Journal, openJournal } from './journal.ts'
import { migrate, type Migration } from './migrate.ts'
import { OpenedStorage } from './opened-storage.ts'
import { Poller, type Polling } from './poller.ts'
import type { Recorder } from './recorder.ts'
import { Session } from './session.ts'
import { SessionPool } from './session-pool.ts'
import type { Storage } from './storage.ts'
import { type StorageTx, tablesOf } from './tables.ts'

export interface StorageOptions {
  /** `sqlite:/path/to/file.db`, `postgres://…` or `postgresql://…`. It may hold a password: it is never printed. */
  readonly url: string
  /** Path of the journal file. */
  readonly journal: string
  readonly clock: Clock
  readonly polling: Polling
  /** Gets every committed change once, in order, from when `follow` was called; an own change before `run` resolves (or `onUnshown`). */
  readonly onCommitted: (changes: readonly NumberedChange[]) => void
  /** Everything committed before this instant of the monotonic clock has been delivered. */
  readonly onConfirmed: (askedAtMilliseconds: number) => void
  /**
   * An own change of this number is committed and could not be given to `onCommitted`, which a poll will do. Called before
   * `run` resolves: what decides with the changes stops until it has that one.
   */
  readonly onUnshown: (seq: number) => void
  /** Failures that no caller hears of: of the poll, of the checkpoint thread. `ChangeLogGap`: read the state anew. */
  readonly onFault: (error: unknown) => void
  /** Told of every commit, for the metrics. */
  readonly onBatch?: (batch: CommittedBatch) => void
  /** For tests. */
  readonly migrations?: readonly Migration[]
  readonly openJournal?: (path: string, installation: string | undefined) => Promise<Journal>
}

/** Under the 200 ms of SECURITY.md rule 29, with room for the answer. */
export const DEFAULT_POLLING: Polling = { everyMilliseconds: 150 }

/** Views that are read at once. */
const READERS = 4

/** Throws `DatabaseUrlRejected`, `SchemaTooNew`, `StorageUnavailable`. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const dialect = await dialectOf(options.url, options.onFault)
  const installation = await prepareDatabase(dialect, options)
  const journal = await (options.openJournal ?? openJournal)(options.journal, installation)
  const { clock } = options
  const pool = (size: number) =>
    new SessionPool(async () => new Session(await dialect.connect('read'), dialect, 'ignored'), size)
  const [readers, followers] = [pool(READERS), pool(1)]
  const changesAfter = (seq: number, limit: number) => followers.use((session) => readChangesAfter(session, seq, limit))
  const feed = new ChangeFeed({ ...options, changesAfter })
  const writer = new BatchWriter<StorageTx>({
    dialect,
    journal,
    feed,
    clock,
    txOf,
    onBatch: options.onBatch ?? (() => undefined),
    onUnshown: options.onUnshown,
    onFault: options.onFault,
  })
  const commits = new GroupCommit({ writer, clock, pause: delay })
  const poller = new Poller(feed, options.polling, options.onFault)
  return new OpenedStorage({ dialect, clock, journal, writer, commits, readers, followers, feed, poller })
}

const txOf = (session: Session, { recording }: Recorder): StorageTx => ({ ...tablesOf(session), ...recording })

/** Gives the installation that is in it; undefined: none yet. */
async function prepareDatabase(dialect: Dialect, { migrations }: StorageOptions): Promise<string | undefined> {
  const connection = await dialect.connect('write')
  try {
    await migrate(connection, { dialect, pause: delay, ...(migrations === undefined ? {} : { migrations }) })
    return await installationIn(connection)
  } finally {
    await connection.close()
  }
}

async function installationIn(connection: Connection): Promise<string | undefined> {
  const [row] = (await connection.execute({ sql: `select value from metadata where name = 'installation'` }, [])).rows
  return row === undefined ? undefined : String(row['value'])
}
