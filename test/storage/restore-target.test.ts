// The place of a restored SQLite database: one restore at a time, what a killed one left, and a process that was waiting meanwhile.
import { existsSync, linkSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openTarget } from '../../src/storage/backup/restore-target.ts'
import { codeOf } from './fixtures.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-target-'))
  path = join(folder, 'signet.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function makeDatabase(file: string, installation: string): void {
  const db = new Database(file)
  db.exec('create table metadata (name text primary key, value text)')
  db.prepare(`insert into metadata values ('installation', ?)`).run(installation)
  db.close()
}

test.each(['nothing', 'an installation'])('of two restores at once over %s one is refused', async (there) => {
  if (there === 'an installation') makeDatabase(path, 'a')
  const first = await openTarget(`sqlite:${path}`)
  expect(await codeOf(openTarget(`sqlite:${path}`))).toBe('restore_in_use')
  await first.close()
  expect(existsSync(path)).toBe(there === 'an installation')
  const second = await openTarget(`sqlite:${path}`)
  expect(second.found).toBe(there === 'an installation' ? 'a' : undefined)
  await second.close()
})

test('a new place is made, for its owner alone', async () => {
  path = join(folder, 'new', 'signet.db')
  const target = await openTarget(`sqlite:${path}`)
  makeDatabase(`${path}.restoring`, 'b')
  expect(await target.putInPlace('before-restore-1')).toBeUndefined()
  await target.close()
  expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(folder, 'new'))).toEqual(['signet.db'])
})

test('the second name that a killed restore left goes, and what was kept stays', async () => {
  makeDatabase(path, 'a')
  makeDatabase(`${path}.before-restore-1`, 'older')
  linkSync(path, `${path}.before-restore-2`)
  const target = await openTarget(`sqlite:${path}`)
  await target.close()
  expect(readdirSync(folder).sort()).toEqual(['signet.db', 'signet.db.before-restore-1'])
})

test('a process that waited for the restore opens what was restored, not what was there', async () => {
  makeDatabase(path, 'before')
  const target = await openTarget(`sqlite:${path}`)
  makeDatabase(`${path}.restoring`, 'after')
  const handles = openHandles(path)
  const waiting = new Worker(WAITER, { eval: true, workerData: { path, dialect: DIALECT } })
  const told = once(waiting, 'message')
  await vi.waitFor(() => expect(openHandles(path)).toBeGreaterThan(handles), { timeout: 10_000, interval: 5 })
  await target.putInPlace('before-restore-1')
  await target.close()
  expect(await told).toEqual(['after'])
  await waiting.terminate()
})

const DIALECT = new URL('../../src/storage/sqlite-dialect.ts', import.meta.url).href
const WAITER = `
  const { parentPort, workerData } = require('node:worker_threads')
  void (async () => {
    const { SqliteDialect } = await import(workerData.dialect)
    const connection = await new SqliteDialect(workerData.path, () => undefined).connect('write')
    const { rows } = await connection.execute({ sql: 'select value from metadata' }, [])
    parentPort.postMessage(rows[0].value)
  })()
`

/** Of this process, whose threads share them. */
function openHandles(file: string): number {
  return readdirSync('/proc/self/fd').filter((handle) => linkOf(handle) === file).length
}

function linkOf(handle: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${handle}`)
  } catch {
    // Closed since it was listed.
    return undefined
  }
}
