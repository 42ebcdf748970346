// The thread of `crl-folder.ts`. A small database beside the files says which number each has, and is the lock: SQLite holds
// it from the first look to the last write, and the system lets go of it when a process is killed. The number is noted before
// its file takes its place. Who was killed in between has left an older file, which the same number may replace.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
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
    const numbers = new Database(join(folder, '.numbers.db'), { timeout: LOCK_TIMEOUT_MILLISECONDS })
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
  numbers.exec(`create table if not exists published (scope text primary key, number integer not null,
    this_update text not null, next_update text not null, bytes integer not null, sha256 text not null) strict`)
  const { scope, number, thisUpdate, nextUpdate, sha256, parts } = crl
  const bytes = parts.reduce((sum, { length }) => sum + length, 0)
  const { changes } = numbers
    .prepare(
      `insert into published values (?, ?, ?, ?, ?, ?) on conflict do update set number = excluded.number,
        this_update = excluded.this_update, next_update = excluded.next_update, bytes = excluded.bytes,
        sha256 = excluded.sha256 where excluded.number >= number`,
    )
    .run(scope, number, thisUpdate.toISOString(), nextUpdate.toISOString(), bytes, sha256)
  numbers.exec('commit')
  if (changes === 0) return 'superseded'
  put(join(folder, `${scope}.crl`), parts)
  put(join(folder, 'index.json'), [Buffer.from(`${JSON.stringify(indexOf(numbers), undefined, 2)}\n`)])
  return 'written'
}

function indexOf(numbers: Database.Database) {
  const rows = numbers.prepare<[], Record<string, unknown>>('select * from published order by scope').all()
  const crls = rows.map(({ scope, number, this_update, next_update, bytes, sha256 }) => {
    const file = `${String(scope)}.crl`
    return { file, number, thisUpdate: this_update, nextUpdate: next_update, bytes, sha256 }
  })
  return { crls }
}

/** Written beside its place under one name: what a killed process left is written over. */
function put(file: string, parts: readonly Uint8Array[]): void {
  const beside = `${file}.tmp`
  mkdirSync(dirname(file), { recursive: true })
  const descriptor = openSync(beside, 'w', READABLE_BY_ALL)
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

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}
