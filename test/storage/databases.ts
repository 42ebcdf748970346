// The databases on which every contract test runs, and how a test opens storage on a fresh one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import type { NumberedChange } from '../../src/domain/change.ts'
import type { Clock } from '../../src/domain/clock.ts'
import { openStorage, type StorageOptions } from '../../src/storage/open-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import {
  postgresIsInstalled,
  postgresMayBeMissing,
  type PostgresCluster,
  startPostgresCluster,
} from './postgres-cluster.ts'

export const NOW = new Date('2026-06-01T12:00:00Z')

export class FakeClock implements Clock {
  #now = NOW.getTime()
  #monotonic = 0

  now(): Date {
    return new Date(this.#now)
  }

  monotonicMilliseconds(): number {
    this.#monotonic += 1
    return this.#monotonic
  }

  pass(seconds: number): void {
    this.#now += seconds * 1000
  }
}

/** One process on a database: its storage, and what it was told. */
export interface TestProcess {
  readonly storage: Storage
  readonly seen: NumberedChange[]
  readonly confirmed: number[]
  readonly unshown: number[]
  readonly faults: unknown[]
  readonly clock: FakeClock
  readonly journal: string
}

export interface TestDatabase {
  readonly kind: 'sqlite' | 'postgres'
  readonly url: string
  readonly folder: string
  /** Opens it as one more process, which follows from its beginning. */
  open(options?: Partial<StorageOptions>): Promise<TestProcess>
  /** Reads the database beside storage. */
  inspect(sql: string): Promise<readonly Record<string, unknown>[]>
}

const KINDS = ['sqlite', 'postgres'] as const

/** Runs `suite` once for each database. `fresh` gives an empty one; what was opened on it is closed after the test. */
export function onBothDatabases(name: string, suite: (fresh: () => Promise<TestDatabase>) => void): void {
  for (const kind of KINDS) {
    const missing = kind === 'postgres' && !postgresIsInstalled()
    const skipped = missing && postgresMayBeMissing()
    describe.skipIf(skipped)(`${name} on ${kind}${skipped ? ' (skipped: postgresql-15 is not installed)' : ''}`, () => {
      let cluster: PostgresCluster | undefined
      const undo: (() => Promise<void>)[] = []
      beforeAll(async () => {
        if (kind === 'postgres') cluster = await startPostgresCluster()
      })
      afterEach(async () => {
        for (const step of undo.splice(0).reverse()) await step()
      })
      afterAll(async () => {
        await cluster?.stop()
      })
      suite(() => freshDatabase(kind, cluster, undo))
    })
  }
}

async function freshDatabase(
  kind: TestDatabase['kind'],
  cluster: PostgresCluster | undefined,
  undo: (() => Promise<void>)[],
): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-storage-'))
  undo.push(async () => rmSync(folder, { recursive: true, force: true }))
  const url = cluster === undefined ? `sqlite:${join(folder, 'signet.db')}` : await cluster.createDatabase()
  let opened = 0
  return {
    kind,
    url,
    folder,
    open: async (options = {}) => {
      opened += 1
      const process = await openProcess({ url, journal: join(folder, `journal-${opened}.jsonl`), ...options })
      undo.push(() => process.storage.close())
      return process
    },
    inspect: async (sql) => (cluster === undefined ? inspectSqlite(url, sql) : cluster.query(sql, url)),
  }
}

async function openProcess(
  options: Partial<StorageOptions> & Pick<StorageOptions, 'url' | 'journal'>,
): Promise<TestProcess> {
  const [seen, confirmed]: [NumberedChange[], number[]] = [[], []]
  const [unshown, faults]: [number[], unknown[]] = [[], []]
  const clock = new FakeClock()
  const storage = await openStorage({
    clock,
    polling: 'manual',
    onCommitted: (changes) => seen.push(...changes),
    onConfirmed: (at) => confirmed.push(at),
    onUnshown: (seq) => unshown.push(seq),
    onFault: (error) => faults.push(error),
    ...options,
  })
  const { seq } = await storage.readState()
  storage.follow(seq)
  return { storage, seen, confirmed, unshown, faults, clock, journal: options.journal }
}

async function inspectSqlite(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(url.slice('sqlite:'.length), { timeout: 5_000 })
  try {
    const statement = db.prepare<unknown[], Record<string, unknown>>(sql)
    if (statement.reader) return statement.all()
    statement.run()
    return []
  } finally {
    db.close()
  }
}
