// Where a backup is restored to: a database that is built aside and put into its place in one step, so that a crash leaves what was
// there before or what is there after. Nobody may have the old one open meanwhile, and it is kept.
import { closeSync, linkSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type { PostgresConnection } from '../postgres-connection.ts'
import { syncPath } from '../sync-path.ts'
import { BackupRefused, systemCodeOf } from './errors.ts'
import { quoted } from './take-backup.ts'

/** What a restore may find in the place of the database. */
export type Replacing = 'nothing' | 'same-installation'

export interface RestoreTarget {
  /** What is there now; undefined: nothing, or no installation. */
  readonly found: string | undefined
  /** The database that is built aside. */
  readonly asideUrl: string
  /** Puts it in place. Gives where the old one is kept. */
  putInPlace(suffix: string): Promise<string | undefined>
  /** Lets go of everything; what was built aside and not put in place is removed. */
  close(): Promise<void>
}

/** Throws `BackupRefused` (`restore_in_use`). */
export async function openTarget(url: string): Promise<RestoreTarget> {
  return url.startsWith('sqlite:') ? openSqliteTarget(url.slice('sqlite:'.length)) : openPostgresTarget(url)
}

/** Throws `BackupRefused` unless the backup may take that place. */
export function requireReplaceable(target: RestoreTarget, installation: string, replacing: Replacing): void {
  const { found } = target
  if (found === undefined) return
  if (found !== installation) throw new BackupRefused('restore_other_installation', { found, backup: installation })
  if (replacing === 'nothing') throw new BackupRefused('restore_not_empty', { found })
}

const SQLITE_FILES = ['', '-wal', '-shm', '-journal'] as const

function removeSqlite(path: string): void {
  for (const ending of SQLITE_FILES) rmSync(`${path}${ending}`, { force: true })
}

function openSqliteTarget(path: string): RestoreTarget {
  const aside = `${path}.restoring`
  // Where there is none an empty one is made: it is what keeps others out.
  const old = lockSqlite(path)
  removeSqlite(aside)
  forgetUnfinished(path)
  return {
    found: old.installation,
    asideUrl: `sqlite:${aside}`,
    putInPlace: async (suffix) => {
      await settleSqlite(aside)
      const isEmpty = statSync(path).size === 0
      const kept = `${path}.${suffix}`
      // Two names of one file: at no moment is nothing in the place.
      if (!isEmpty) linkSync(path, kept)
      renameSync(aside, path)
      await syncPath(dirname(path))
      return isEmpty ? undefined : kept
    },
    close: async () => {
      removeSqlite(aside)
      // Whoever waits for it sees that it is gone (sqlite-dialect.ts).
      if (statSync(path).size === 0) rmSync(path)
      old.db.close()
    },
  }
}

/** A restore that was killed before its last step has left a second name of the database that is still there. */
function forgetUnfinished(path: string): void {
  const { ino } = statSync(path)
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.before-restore-`)) continue
    const kept = join(dirname(path), name)
    if (statSync(kept).ino === ino) rmSync(kept)
  }
}

/** Held to the end: a service that starts meanwhile cannot open it. */
function lockSqlite(path: string): { readonly db: Database.Database; readonly installation: string | undefined } {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  const db = new Database(path, { timeout: 0 })
  try {
    // Leaving WAL needs the file alone, and brings everything into it.
    db.pragma('journal_mode = delete')
    db.exec('begin exclusive')
    const isThere = db.prepare(`select 1 from sqlite_schema where name = 'metadata'`).get() !== undefined
    const row = isThere ? db.prepare(`select value from metadata where name = 'installation'`).get() : undefined
    const installation = (row as { value: string } | undefined)?.value
    return { db, installation }
  } catch (cause) {
    db.close()
    const reason = systemCodeOf(cause)
    if (!reason.startsWith('SQLITE_BUSY')) throw cause
    throw new BackupRefused('restore_in_use', { database: path }, { cause })
  }
}

/** One file, synced. */
async function settleSqlite(path: string): Promise<void> {
  const db = new Database(path)
  db.pragma('journal_mode = delete')
  db.close()
  await syncPath(path)
}

const ASIDE_SCHEMA = 'signet_restoring'

async function openPostgresTarget(url: string): Promise<RestoreTarget> {
  const { connectPostgres } = await import('../postgres-connection.ts')
  const connection = await connectPostgres(url, 'write')
  try {
    await requireUnused(connection)
    const run = async (sql: string) => (await connection.execute({ sql }, [])).rows
    const home = String((await run('select current_schema() as name'))[0]?.['name'])
    await run(`drop schema if exists ${ASIDE_SCHEMA} cascade`)
    await run(`create schema ${ASIDE_SCHEMA}`)
    // It waits for hours if need be, while the rows are written beside it.
    await run('set idle_in_transaction_session_timeout = 0')
    const tables = await tablesIn(connection, home)
    await connection.begin('write')
    // A service that starts meanwhile waits here, and gives up.
    if (tables.includes('schema_version')) await run('select version from schema_version for update')
    const [row] = tables.includes('metadata') ? await run(`select value from metadata where name = 'installation'`) : []
    return new PostgresTarget(connection, url, home, row === undefined ? undefined : String(row['value']))
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function requireUnused(connection: PostgresConnection): Promise<void> {
  const { rows } = await connection.execute(
    {
      sql: `select application_name as name, client_addr::text as address from pg_stat_activity
        where datname = current_database() and application_name like 'signet %' and pid <> pg_backend_pid()`,
    },
    [],
  )
  if (rows.length > 0) throw new BackupRefused('restore_in_use', { connections: rows.length })
}

async function tablesIn(connection: PostgresConnection, schema: string): Promise<readonly string[]> {
  const sql = `select table_name as name from information_schema.tables
    where table_schema = $1 and table_type = 'BASE TABLE' order by table_name`
  return (await connection.execute({ sql }, [schema])).rows.map((row) => String(row['name']))
}

class PostgresTarget implements RestoreTarget {
  readonly found: string | undefined
  readonly asideUrl: string
  readonly #connection: PostgresConnection
  readonly #home: string

  constructor(connection: PostgresConnection, url: string, home: string, found: string | undefined) {
    this.#connection = connection
    this.#home = home
    this.found = found
    const aside = new URL(url)
    const options = aside.searchParams.get('options') ?? ''
    aside.searchParams.set('options', `${options} -c search_path=${ASIDE_SCHEMA}`.trim())
    this.asideUrl = aside.href
  }

  async putInPlace(suffix: string): Promise<string | undefined> {
    const kept = suffix.toLowerCase().replaceAll(/[^a-z0-9]/g, '_')
    const built = await tablesIn(this.#connection, ASIDE_SCHEMA)
    // Tables of others in the same schema stay where they are.
    const old = (await tablesIn(this.#connection, this.#home)).filter((name) => built.includes(name))
    if (old.length > 0) await this.#run(`create schema ${quoted(kept)}`)
    for (const name of old) await this.#move(this.#home, name, kept)
    for (const name of built) await this.#move(ASIDE_SCHEMA, name, this.#home)
    await this.#run(`drop schema ${ASIDE_SCHEMA}`)
    await this.#connection.commit()
    return old.length > 0 ? `schema ${kept}` : undefined
  }

  async close(): Promise<void> {
    try {
      await this.#connection.rollback()
      await this.#run(`drop schema if exists ${ASIDE_SCHEMA} cascade`)
    } finally {
      await this.#connection.close()
    }
  }

  async #move(from: string, table: string, to: string): Promise<void> {
    await this.#run(`alter table ${quoted(from)}.${quoted(table)} set schema ${quoted(to)}`)
  }

  async #run(sql: string): Promise<void> {
    await this.#connection.execute({ sql }, [])
  }
}
