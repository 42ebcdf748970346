// The backup file: what is read back, and what is not believed.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BackupPart, newHeader, readBackup, writeBackup } from '../../src/storage/backup/backup-file.ts'
import { codeOf } from './fixtures.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-backup-'))
  file = join(folder, 'signet.backup')
})
afterEach(() => rmSync(folder, { recursive: true }))

const HEADER = newHeader({
  schema: 17,
  madeAt: '2026-06-01T12:00:00.000Z',
  installation: 'i',
  epoch: 'e',
  seq: 7,
  sealingKey: 'k',
  from: 'sqlite',
})
const PARTS: readonly BackupPart[] = [
  { kind: 'header', header: HEADER },
  { kind: 'table', table: 'users', columns: ['name', 'folded'] },
  { kind: 'row', values: ['a\n"ß\u2028', null] },
  { kind: 'table', table: 'crls', columns: ['number', 'der'] },
  { kind: 'row', values: [Number.MAX_SAFE_INTEGER, Buffer.from([0, 255])] },
]

async function* given(parts: readonly BackupPart[]): AsyncGenerator<BackupPart> {
  for (const part of parts) yield await Promise.resolve(part)
}

async function readAll(): Promise<readonly BackupPart[]> {
  const parts: BackupPart[] = []
  for await (const part of readBackup(file)) parts.push(part)
  return parts
}

test('gives back what was written, for its owner alone', async () => {
  const end = await writeBackup(file, given(PARTS))
  expect(end.rows).toEqual({ users: 1, crls: 1 })
  expect(await readAll()).toEqual(PARTS)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a backup that is cut off anywhere is known', async () => {
  await writeBackup(file, given(PARTS))
  const whole = readFileSync(file)
  for (let size = 0; size < whole.length; size += 7) {
    writeFileSync(file, whole.subarray(0, size))
    expect(await codeOf(readAll()), String(size)).toBe('backup_damaged')
  }
})

describe('is refused', () => {
  const text = () => gunzipSync(readFileSync(file)).toString()
  test.each([
    ['a changed value', (lines: string) => lines.replace('"a', '"b'), 'backup_damaged'],
    ['a row more', (lines: string) => lines.replace('{"table":"crls"', '["x","y"]\n{"table":"crls"'), 'backup_damaged'],
    ['a row less', (lines: string) => lines.replace(/^\["a[^\n]*\n/m, ''), 'backup_damaged'],
    ['a table whose name is SQL', (lines: string) => lines.replace('"users"', '"users; drop"'), 'backup_damaged'],
    ['a longer row', (lines: string) => lines.replace('",null]', '",null,1]'), 'backup_damaged'],
    ['no end', (lines: string) => lines.replace(/\{"end".*\n/, ''), 'backup_damaged'],
    ['something behind the end', (lines: string) => `${lines}["x"]\n`, 'backup_damaged'],
    ['another format', (lines: string) => lines.replace('signet-backup', 'other'), 'backup_damaged'],
    ['a newer format', (lines: string) => lines.replace('"version":1', '"version":2'), 'backup_too_new'],
    ['a header without a number', (lines: string) => lines.replace('"seq":7', '"seq":"7"'), 'backup_damaged'],
    ['nothing', () => '', 'backup_damaged'],
  ])('%s', async (_, change, code) => {
    await writeBackup(file, given(PARTS))
    const changed = change(text())
    expect(changed).not.toBe(text())
    writeFileSync(file, gzipSync(changed))
    expect(await codeOf(readAll())).toBe(code)
  })

  test.each([
    ['no gzip', () => writeFileSync(file, 'hello'), 'backup_damaged'],
    ['no file', () => undefined, 'backup_unreadable'],
  ])('%s', async (_, make, code) => {
    make()
    expect(await codeOf(readAll())).toBe(code)
  })
})

test('leaves what was there when it cannot be written whole', async () => {
  await writeBackup(file, given(PARTS))
  const before = readFileSync(file)
  async function* failing(): AsyncGenerator<BackupPart> {
    yield* given(PARTS)
    throw Object.assign(new Error('full'), { code: 'ENOSPC' })
  }
  expect(await codeOf(writeBackup(file, failing()))).toBe('backup_unwritable')
  expect(readFileSync(file)).toEqual(before)
  expect(readdirSync(folder)).toEqual(['signet.backup'])
})

test('has no place in a folder that is not there', async () => {
  expect(await codeOf(writeBackup(join(folder, 'none', 'x'), given(PARTS)))).toBe('backup_unwritable')
})
