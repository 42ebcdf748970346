// What the callers of a batch are told when the database fails: run again, refused, or not known.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BatchWriter } from '../../src/storage/batch-writer.ts'
import { ChangeFeed } from '../../src/storage/change-feed.ts'
import type { ConnectionPurpose } from '../../src/storage/dialect.ts'
import { GroupCommit } from '../../src/storage/group-commit.ts'
import { migrate } from '../../src/storage/migrate.ts'
import { PostgresDialect } from '../../src/storage/postgres-dialect.ts'
import { SqliteConnection } from '../../src/storage/sqlite-connection.ts'
import { SqliteDialect } from '../../src/storage/sqlite-dialect.ts'
import { type StorageTx, tablesOf } from '../../src/storage/tables.ts'
import { FakeClock, onBothDatabases } from './databases.ts'
import { certificate, codeOf, gate, token, userChange } from './fixtures.ts'

const failure = (code: string) => Object.assign(new Error(code), { code })

/** SQLite whose next BEGINs and COMMITs fail as told. */
class FailingDialect extends SqliteDialect {
  readonly begins: Error[] = []
  readonly commits: Error[] = []
  readonly #path: string
  latest: SqliteConnection | undefined

  constructor(path: string) {
    super(path, () => undefined)
    this.#path = path
  }

  override async connect(purpose: ConnectionPurpose): Promise<SqliteConnection> {
    this.latest = new FailingConnection(this.#path, purpose, this)
    return this.latest
  }
}

class FailingConnection extends SqliteConnection {
  readonly #failures: Pick<FailingDialect, 'begins' | 'commits'>

  constructor(path: string, purpose: ConnectionPurpose, failures: Pick<FailingDialect, 'begins' | 'commits'>) {
    super(path, purpose)
    this.#failures = failures
  }

  override async begin(mode: 'write' | 'read'): Promise<void> {
    const error = this.#failures.begins.shift()
    if (error !== undefined) throw error
    await super.begin(mode)
  }

  override async commit(): Promise<void> {
    const error = this.#failures.commits.shift()
    if (error !== undefined) throw error
    await super.commit()
  }
}

describe('a batch', () => {
  let folder: string
  let dialect: FailingDialect
  let commits: GroupCommit<StorageTx>
  let pauses: number[]
  let broken: Error[]
  let unshown: number[]
  let faults: unknown[]
  let batches: number[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signet-failed-'))
    dialect = new FailingDialect(join(folder, 'signet.db'))
    pauses = []
    broken = []
    unshown = []
    faults = []
    batches = []
    const pause = async (milliseconds: number) => void pauses.push(milliseconds)
    const clock = new FakeClock()
    await migrate(await dialect.connect('write'), { dialect, pause })
    const feed = new ChangeFeed({
      clock,
      changesAfter: async () => [],
      onCommitted: () => {
        const error = broken.shift()
        if (error !== undefined) throw error
      },
      onConfirmed: () => undefined,
    })
    feed.follow(0)
    const journal = { append: async () => undefined, close: async () => undefined }
    const writer = new BatchWriter<StorageTx>({
      dialect,
      journal,
      feed,
      clock,
      txOf: (session, { recording }) => ({ ...tablesOf(session), ...recording }),
      onBatch: ({ acts }) => batches.push(acts),
      onUnshown: (seq) => unshown.push(seq),
      onFault: (error) => faults.push(error),
    })
    commits = new GroupCommit({ writer, clock, pause })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  let runs = 0
  const insert = () => {
    runs = 0
    return codeOf(
      commits.run(async (tx) => {
        runs += 1
        await tx.insertToken(token('t1'))
      }),
    )
  }

  it('is run again while the database is busy', async () => {
    dialect.begins.push(failure('SQLITE_BUSY'), failure('SQLITE_BUSY_SNAPSHOT'))
    expect([await insert(), runs, pauses.length]).toEqual(['none', 1, 2])
  })

  it('is run again from the start when its commit was refused', async () => {
    dialect.commits.push(failure('SQLITE_BUSY'))
    expect([await insert(), runs]).toEqual(['none', 2])
  })

  it('is not tried for ever', async () => {
    dialect.begins.push(...Array.from({ length: 100 }, () => failure('SQLITE_BUSY')))
    expect([await insert(), pauses.length]).toEqual(['storage_unavailable', 39])
  })

  it.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_READONLY', 'SQLITE_CORRUPT'])(
    'is refused at %s',
    async (code) => {
      dialect.begins.push(failure(code))
      expect([await insert(), pauses.length]).toEqual(['storage_unavailable', 0])
      expect(await insert()).toBe('none')
    },
  )

  it('whose commit found the disk full was not kept', async () => {
    dialect.commits.push(failure('SQLITE_FULL'))
    expect(await insert()).toBe('storage_unavailable')
    expect(await insert()).toBe('none')
  })

  it('whose sync failed is not known, and not run again', async () => {
    dialect.commits.push(failure('SQLITE_IOERR_FSYNC'))
    expect([await insert(), runs]).toEqual(['commit_unknown', 1])
  })

  it('is told once for each commit, with the acts that were kept', async () => {
    const acts = ['t1', 't1', 't2'].map((jti) => codeOf(commits.run((tx) => tx.insertToken(token(jti)))))
    expect(await Promise.all(acts)).toEqual(['none', 'record_exists', 'none'])
    dialect.commits.push(failure('SQLITE_FULL'))
    await insert()
    expect(batches).toEqual([2])
  })

  it('that is committed and cannot be shown is done, and the fault is told', async () => {
    const error = new Error('the snapshot is broken')
    broken.push(error)
    expect(await codeOf(commits.run((tx) => tx.change(userChange('ann'))))).toBe('none')
    expect([unshown, faults]).toEqual([[1], [error]])
    expect(await codeOf(commits.run((tx) => tx.change(userChange('bob'))))).toBe('none')
  })

  it('is refused when the disk is full, and taken when there is room', async () => {
    await commits.run((tx) => tx.insertToken(token('t0')))
    const limited = await limitPages(dialect)
    const big = certificate(1, { der: Buffer.alloc(1_000_000) })
    expect(await codeOf(commits.run((tx) => tx.insertCertificate(big)))).toBe('storage_unavailable')
    await limited.lift()
    await commits.run((tx) => tx.insertCertificate(big))
  })

  it('fails as a whole when an act catches what ends it', async () => {
    await commits.run((tx) => tx.insertToken(token('t0')))
    await limitPages(dialect)
    const [swallowed, innocent] = await Promise.all([
      codeOf(
        commits.run(async (tx) => {
          await tx.insertCertificate(certificate(1, { der: Buffer.alloc(1_000_000) })).catch(() => undefined)
        }),
      ),
      codeOf(commits.run((tx) => tx.insertToken(token('t1')))),
    ])
    expect([swallowed, innocent]).toEqual(['storage_unavailable', 'storage_unavailable'])
  })
})

/** SQLite's own limit gives a real SQLITE_FULL. It belongs to a connection: the writer's is the last that was made. */
async function limitPages(dialect: FailingDialect) {
  const set = async (pages: number) => {
    await dialect.latest?.execute({ sql: `pragma max_page_count = ${pages}` }, [])
  }
  await set(1)
  return { lift: () => set(1_000_000) }
}

describe('a failed COMMIT', () => {
  const postgres = new PostgresDialect('postgres://nowhere/none')

  it.each([
    ['the server refused', failure('40001'), 'not-committed', 'conflict'],
    ['a deadlock', failure('40P01'), 'not-committed', 'conflict'],
    ['a constraint', failure('23505'), 'not-committed', 'duplicate'],
    ['the connection broke', failure('ECONNRESET'), 'unknown', 'lost'],
    ['the connection ended', new Error('Connection terminated unexpectedly'), 'unknown', 'lost'],
    ['the server is shutting down', failure('57P01'), 'unknown', 'lost'],
    ['the server does not know', failure('40003'), 'unknown', 'conflict'],
    ['no room on the disk', failure('53100'), 'not-committed', 'unavailable'],
    ['too many connections', failure('53300'), 'unknown', 'lost'],
    ['a wrong statement', failure('42601'), 'not-committed', 'statement'],
  ] as const)('%s', (_, error, commit, kind) => {
    expect([postgres.failedCommitOf(error), postgres.failureOf(error)]).toEqual([commit, kind])
  })
})

onBothDatabases('a lost connection', (fresh) => {
  it('in the middle of a batch runs the batch again', async () => {
    const database = await fresh()
    if (database.kind === 'sqlite') return
    const { storage, seen } = await database.open()
    const [reached, killed] = [gate(), gate()]
    let runs = 0
    const act = storage.run(async (tx) => {
      runs += 1
      await tx.insertToken(token('t1'))
      await tx.change(userChange('ann'))
      reached.open()
      await killed.opened
      await tx.insertToken(token('t2'))
    })
    await reached.opened
    await database.inspect(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'signet write'`,
    )
    killed.open()
    await act
    expect([runs, seen.length]).toEqual([2, 1])
  })

  it('between batches and views is made anew', async () => {
    const database = await fresh()
    if (database.kind === 'sqlite') return
    const { storage } = await database.open()
    await storage.run((tx) => tx.insertToken(token('t1')))
    await storage.read((view) => view.token('t1'))
    await database.inspect(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'signet %'`,
    )
    await storage.run((tx) => tx.insertToken(token('t2')))
    const look = () => storage.read((view) => view.token('t2'))
    // The view does not retry: a connection may be found dead only when it is used.
    expect(await look().catch(look)).toBeDefined()
  })
})
