// The journal: what is read back, what a crash leaves, and what is not believed.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openJournal } from '../../src/storage/journal.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { FakeClock, NOW } from './databases.ts'
import { codeOf, linesOf, revokedEntry, token } from './fixtures.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-journal-'))
  path = join(folder, 'journal.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = async (...numbers: number[]) => {
  const journal = await openJournal(path)
  await journal.append(numbers.map(revokedEntry), NOW)
  await journal.close()
}

const entry = (line: number, number: number) => ({ kind: 'entry', line, at: NOW, entry: revokedEntry(number) })

it('is one JSON object a line, for its owner alone', async () => {
  await write(1, 2)
  await write(3)
  expect(await linesOf(path)).toEqual([entry(1, 1), entry(2, 2), entry(3, 3)])
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('sum')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('is empty when nothing was written', async () => {
  await write()
  expect(await linesOf(path)).toEqual([])
})

it('tolerates a torn last line at every length, and goes on behind it', async () => {
  await write(1)
  const whole = statSync(path).size
  await write(2)
  const both = readFileSync(path)
  for (let size = whole + 1; size < both.length - 1; size += 1) {
    writeFileSync(path, both)
    truncateSync(path, size)
    expect(await linesOf(path)).toEqual([entry(1, 1), { kind: 'damaged', line: 2 }])
  }
  await write(3)
  expect(await linesOf(path)).toEqual([entry(1, 1), { kind: 'damaged', line: 2 }, { ...entry(3, 3), follows: 'torn' }])
})

it.each([
  ['a changed number', (line: string) => line.replace('superseded', 'keyCompromise')],
  ['a changed sum', (line: string) => line.replace(/"sum":"./, '"sum":"x')],
  ['no sum', () => '{"at":1,"entry":{}}'],
  ['no JSON', () => 'hello'],
])('does not believe a line with %s', async (_, change) => {
  await write(1)
  const line = readFileSync(path, 'utf8').trimEnd()
  appendFileSync(path, `${change(line)}\n`)
  await write(2)
  expect(await linesOf(path)).toEqual([entry(1, 1), { kind: 'damaged', line: 2 }, entry(3, 2)])
})

it('takes no act when its disk is full', async () => {
  const storage = await openStorage({
    url: `sqlite:${join(folder, 'signet.db')}`,
    journal: '/dev/full',
    clock: new FakeClock(),
    polling: 'manual',
    onCommitted: () => undefined,
    onConfirmed: () => undefined,
    onUnshown: () => undefined,
    onFault: () => undefined,
  })
  const act = storage.run(async (tx) => {
    await tx.insertToken(token('t1'))
    tx.journal(revokedEntry(1))
  })
  expect(await codeOf(act)).toBe('storage_unavailable')
  expect(await storage.read((view) => view.token('t1'))).toBeUndefined()
  await storage.run((tx) => tx.insertToken(token('t2')))
  await storage.close()
})
