// Reads one state of the database into a backup file, beside a service that runs: one read transaction, which nobody waits for.
//
// SQLite's own backup API copies pages, and begins again whenever another process has written: beside a busy service it never ends.
import { Session } from '../session.ts'
import type { Clock } from '../../domain/clock.ts'
import { lastChangeNumber } from '../change-log.ts'
import type { Connection } from '../connection.ts'
import { dialectOf } from '../dialect-of.ts'
import {
  type BackupEnd,
  type BackupHeader,
  type BackupPart,
  type BackupValue,
  newHeader,
  writeBackup,
} from './backup-file.ts'
import { type Catalog, POSTGRES_CATALOG, SQLITE_CATALOG, type TableFacts } from './catalog.ts'
import { BackupRefused } from './errors.ts'

export interface BackupTask {
  readonly url: string
  readonly file: string
  readonly clock: Clock
  /** Called now and then with the rows that are read. */
  readonly onProgress: (rows: number) => void
}

export interface TakenBackup extends BackupEnd {
  readonly header: BackupHeader
}

/** Rows of one statement: what is held in memory at once, but for a table of long CRLs. */
const ROWS_AT_ONCE = 500

/** What no restore wants: the log is for processes that follow it, leases are of processes that are gone. */
const LEFT_OUT: ReadonlySet<string> = new Set(['change_log', 'leases'])

/** Throws `BackupRefused`. */
export async function takeBackup({ url, file, clock, onProgress }: BackupTask): Promise<TakenBackup> {
  const dialect = await dialectOf(url, (error) => {
    throw error
  })
  const connection = await dialect.connect('read')
  try {
    await connection.begin('read')
    const from = url.startsWith('sqlite:') ? 'sqlite' : 'postgres'
    const header = await headerOf(new Session(connection, dialect, 'ignored'), from, clock)
    const catalog = from === 'sqlite' ? SQLITE_CATALOG : POSTGRES_CATALOG
    const end = await writeBackup(file, partsOf(connection, catalog, header, onProgress))
    await connection.rollback()
    return { header, ...end }
  } finally {
    await connection.close()
    await dialect.close()
  }
}

async function headerOf(session: Session, from: BackupHeader['from'], clock: Clock): Promise<BackupHeader> {
  const [version] = (await session.connection.execute({ sql: 'select version from schema_version' }, [])).rows
  const rows = await session.query(session.sql.selectFrom('metadata').selectAll())
  const facts = new Map(rows.map(({ name, value }) => [name, value]))
  const installation = facts.get('installation')
  if (installation === undefined) throw new BackupRefused('backup_unreadable', { why: 'there is no installation yet' })
  return newHeader({
    schema: Number(version?.['version']),
    madeAt: clock.now().toISOString(),
    installation,
    epoch: facts.get('epoch') ?? installation,
    seq: await lastChangeNumber(session),
    sealingKey: facts.get('sealing-key') ?? '',
    from,
  })
}

async function* partsOf(
  connection: Connection,
  catalog: Catalog,
  header: BackupHeader,
  onProgress: (rows: number) => void,
): AsyncGenerator<BackupPart> {
  yield { kind: 'header', header }
  let read = 0
  for (const table of await catalog.tables(connection)) {
    if (LEFT_OUT.has(table.name)) continue
    yield { kind: 'table', table: table.name, columns: table.columns }
    for await (const rows of pagesOf(connection, catalog, table)) {
      for (const values of rows) yield { kind: 'row', values }
      onProgress((read += rows.length))
    }
  }
}

/** Each page begins behind the key of the last row before it. */
async function* pagesOf(
  connection: Connection,
  { place }: Catalog,
  { name, columns, key }: TableFacts,
): AsyncGenerator<readonly (readonly BackupValue[])[]> {
  const listed = columns.map(quoted).join(', ')
  const keyed = key.map(quoted).join(', ')
  const behind = `where (${keyed}) > (${key.map((_, index) => place(index + 1)).join(', ')})`
  for (let last: readonly unknown[] | undefined; ;) {
    const from = `select ${listed} from ${quoted(name)}`
    const sql = `${from} ${last === undefined ? '' : behind} order by ${keyed} limit ${String(ROWS_AT_ONCE)}`
    const { rows } = await connection.execute({ sql }, last ?? [])
    yield rows.map((row) => columns.map((column) => valueOf(row[column])))
    const end = rows.at(-1)
    if (end === undefined || rows.length < ROWS_AT_ONCE) return
    last = key.map((column) => end[column])
  }
}

export function quoted(name: string): string {
  return `"${name}"`
}

function valueOf(value: unknown): BackupValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array)
    return value
  throw new Error(`a column holds a ${typeof value}`)
}
