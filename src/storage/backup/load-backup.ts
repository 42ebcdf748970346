// Writes the rows of a backup into an empty database, whichever of the two it is. Nobody else uses that database yet, so it commits
// as it goes; who reads the backup to its end knows whether it was whole.
import type { Connection } from '../connection.ts'
import type { Dialect } from '../dialect.ts'
import { migrate, MIGRATIONS, SCHEMA_VERSION } from '../migrate.ts'
import { type BackupEnd, type BackupHeader, type BackupPart, type BackupValue, readBackup } from './backup-file.ts'
import { POSTGRES_CATALOG, SQLITE_CATALOG } from './catalog.ts'
import { BackupRefused } from './errors.ts'
import { quoted } from './take-backup.ts'

export interface LoadTask {
  readonly file: string
  readonly connection: Connection
  readonly dialect: Dialect
  readonly pause: (milliseconds: number) => Promise<void>
  readonly onProgress: (rows: number) => void
}

const ROWS_PER_COMMIT = 5000
/** Far below the 65,535 parameters of one statement. */
const PARAMETERS_AT_ONCE = 10_000

/** The schema of the backup, its rows, then the newest schema. Throws `BackupRefused`. */
export async function loadBackup(task: LoadTask): Promise<BackupHeader> {
  // Of a damaged one nothing is asked of the database, which would say so in words of its own.
  await readThrough(task.file)
  const parts = readBackup(task.file)
  const header = await firstOf(parts, task.file)
  await migrateTo(task, header.schema)
  await new Loading(task).take(parts)
  await migrateTo(task, SCHEMA_VERSION)
  return header
}

async function readThrough(file: string): Promise<void> {
  const parts = readBackup(file)
  while ((await parts.next()).done !== true);
}

async function firstOf(parts: AsyncGenerator<BackupPart, BackupEnd>, file: string): Promise<BackupHeader> {
  const first = await parts.next()
  if (first.done === true || first.value.kind !== 'header') throw new BackupRefused('backup_damaged', { file, line: 1 })
  const { header } = first.value
  if (header.schema > SCHEMA_VERSION) {
    throw new BackupRefused('backup_too_new', { file, schema: header.schema, known: SCHEMA_VERSION })
  }
  return header
}

function migrateTo({ connection, dialect, pause }: LoadTask, schema: number): Promise<void> {
  return migrate(connection, { dialect, pause, migrations: MIGRATIONS.slice(0, schema) })
}

class Loading {
  readonly #task: LoadTask
  #table = ''
  #columns: readonly string[] = []
  #rows: (readonly BackupValue[])[] = []
  #uncommitted = 0
  #loaded = 0

  constructor(task: LoadTask) {
    this.#task = task
  }

  async take(parts: AsyncGenerator<BackupPart, BackupEnd>): Promise<void> {
    const { connection, dialect } = this.#task
    // Each statement would check what comes later; all of it is looked at once at the end.
    if (dialect.locks === 'database') await connection.execute({ sql: 'pragma foreign_keys = off' }, [])
    await connection.begin('write')
    for await (const part of parts) {
      if (part.kind === 'table') await this.#begin(part.table, part.columns)
      if (part.kind === 'row') await this.#add(part.values)
    }
    await this.#flush()
    if (dialect.locks === 'rows') await this.#continuePositions()
    await connection.commit()
    if (dialect.locks === 'database') await this.#requireWhole()
  }

  async #begin(table: string, columns: readonly string[]): Promise<void> {
    await this.#flush()
    this.#table = table
    this.#columns = columns
    // Migrations make rows of their own.
    await this.#run(`delete from ${quoted(table)}`)
  }

  async #add(row: readonly BackupValue[]): Promise<void> {
    this.#rows.push(row)
    const isFull = this.#rows.length * this.#columns.length >= PARAMETERS_AT_ONCE
    if (isFull || this.#rows.length >= this.#task.dialect.rowsPerInsert) await this.#flush()
  }

  async #flush(): Promise<void> {
    const rows = this.#rows.splice(0)
    if (rows.length === 0) return
    const { place } = this.#task.dialect.locks === 'database' ? SQLITE_CATALOG : POSTGRES_CATALOG
    let parameter = 0
    const places = rows.map((row) => `(${row.map(() => place((parameter += 1))).join(', ')})`)
    const columns = this.#columns.map(quoted).join(', ')
    await this.#run(`insert into ${quoted(this.#table)} (${columns}) values ${places.join(', ')}`, rows.flat())
    this.#loaded += rows.length
    this.#uncommitted += rows.length
    if (this.#uncommitted < ROWS_PER_COMMIT) return
    await this.#task.connection.commit()
    await this.#task.connection.begin('write')
    this.#uncommitted = 0
    this.#task.onProgress(this.#loaded)
  }

  /** The numbers that the database gives out go on behind those that were loaded. */
  async #continuePositions(): Promise<void> {
    for (const { name, columns } of await POSTGRES_CATALOG.tables(this.#task.connection)) {
      if (!columns.includes('position')) continue
      const next = `(select coalesce(max(position), 0) + 1 from ${quoted(name)})`
      await this.#run(`select setval(pg_get_serial_sequence('${name}', 'position'), ${next}, false)`)
    }
  }

  async #requireWhole(): Promise<void> {
    const { connection, file } = this.#task
    await connection.execute({ sql: 'pragma foreign_keys = on' }, [])
    const { rows } = await connection.execute({ sql: 'select * from pragma_foreign_key_check' }, [])
    if (rows.length > 0) throw new BackupRefused('backup_damaged', { file, why: 'rows refer to rows that are missing' })
  }

  async #run(sql: string, parameters: readonly BackupValue[] = []): Promise<void> {
    await this.#task.connection.execute({ sql }, parameters)
  }
}
