// The thread of `crl-folder.ts`. A small database beside the files says which number each has, and is the lock: SQLite holds
// it from the first look to the last write, and the system lets go of it when a process is killed. The number is noted before
// its file takes its place. Who was killed in between has left an older file, which the same number may replace. The index names
// files that have taken their place, and no others.
//
// Somebody else may write in the folder too: nothing is written through a link that stands there.
import { closeSync, constants, fsyncSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { FolderAnswer, FolderCrl } from './crl-folder.ts'

/** How long another process may take for its file. */
const LOCK_TIMEOUT_MILLISECONDS = 10_000
const READABLE_BY_ALL = 0o644

const folder = workerData as string

parentPort?.on('message', (crl: FolderCrl) => {
  parentPort?.postMessage(answerTo(crl))
})

function answerTo(crl: FolderCrl): FolderAnswer {
  try {
    mkdirSync(folder, { recursive: true })
    const file = join(folder, '.numbers.db')
    refuseLink(file)
    const numbers = new Database(file, { timeout: LOCK_TIMEOUT_MILLISECONDS })
    try {
      return { kind: write(numbers, crl) }
    } finally {
      numbers.close()
    }
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) }
  }
}

function write(numbers: Database.Database, crl: FolderCrl): 'written' | 'superseded' {
  // Kept beyond the commit, until the connection is closed. Who would begin by reading could not go on to write.
  numbers.pragma('locking_mode = exclusive')
  numbers.exec('begin exclusive')
  makeTables(numbers)
  const { scope, number, thisUpdate, nextUpdate, sha256, parts } = crl
  const bytes = parts.reduce((sum, { length }) => sum + length, 0)
  const row = [scope, number, thisUpdate.toISOString(), nextUpdate.toISOString(), bytes, sha256] as const
  const { changes } = keep(numbers, 'published', row)
  numbers.exec('commit')
  if (changes === 0) return 'superseded'
  put(join(folder, `${scope}.crl`), parts)
  keep(numbers, 'placed', row)
  put(join(folder, 'index.json'), [Buffer.from(`${JSON.stringify(indexOf(numbers), undefined, 2)}\n`)])
  return 'written'
}

type Table = 'published' | 'placed'

function makeTables(numbers: Database.Database): void {
  const isNew = numbers.prepare(`select 1 from sqlite_schema where name = 'placed'`).get() === undefined
  const columns = `(scope text primary key, number integer not null, this_update text not null, next_update text not null,
    bytes integer not null, sha256 text not null) strict`
  for (const table of ['published', 'placed'] satisfies Table[])
    numbers.exec(`create table if not exists ${table} ${columns}`)
  // A folder from before files were noted by themselves.
  if (isNew) numbers.exec('insert into placed select * from published')
}

function keep(numbers: Database.Database, table: Table, row: readonly (string | number)[]): Database.RunResult {
  const statement = numbers.prepare(
    `insert into ${table} values (?, ?, ?, ?, ?, ?) on conflict do update set number = excluded.number,
      this_update = excluded.this_update, next_update = excluded.next_update, bytes = excluded.bytes,
      sha256 = excluded.sha256 where excluded.number >= number`,
  )
  return statement.run(...row)
}

function indexOf(numbers: Database.Database) {
  const rows = numbers.prepare<[], Record<string, unknown>>('select * from placed order by scope').all()
  const crls = rows.map(({ scope, number, this_update, next_update, bytes, sha256 }) => {
    const file = `${String(scope)}.crl`
    return { file, number, thisUpdate: this_update, nextUpdate: next_update, bytes, sha256 }
  })
  return { crls }
}

/** Written beside its place under one name: what a killed process left goes first. */
function put(file: string, parts: readonly Uint8Array[]): void {
  const beside = `${file}.tmp`
  mkdirSync(dirname(file), { recursive: true })
  if (dirname(file) !== folder) refuseLink(dirname(file))
  rmSync(beside, { force: true })
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const descriptor = openSync(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, READABLE_BY_ALL)
  try {
    for (const part of parts) writeWhole(descriptor, part)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(beside, file)
  const parent = openSync(dirname(file), 'r')
  try {
    fsyncSync(parent)
  } finally {
    closeSync(parent)
  }
}

/** What it leads to is somebody else's choice. */
function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    throw new Error(`${path} is a symbolic link`)
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}
