// The thread that copies SQLite's log back into the database: it starts when the log has grown, and the log stays bounded.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStorage } from '../../src/storage/open-storage.ts'
import { FakeClock } from './databases.ts'
import { certificate } from './fixtures.ts'

it('keeps the log from growing for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-checkpoint-'))
  const path = join(folder, 'signet.db')
  const faults: unknown[] = []
  const storage = await openStorage({
    url: `sqlite:${path}`,
    journal: join(folder, 'journal.jsonl'),
    clock: new FakeClock(),
    polling: 'manual',
    onCommitted: () => undefined,
    onConfirmed: () => undefined,
    onUnshown: () => undefined,
    onFault: (error) => faults.push(error),
  })
  const der = Buffer.alloc(1_000_000)
  let n = 0
  const write = async (megabytes: number) => {
    for (const end = n + megabytes; n < end; n += 1) {
      await storage.run((tx) => tx.insertCertificate(certificate(n, { der })))
    }
  }
  const sizeOf = (file: string) => statSync(file).size
  // It is copied back by itself, and then written from the front again: it stays as long as it is while more goes through
  // it. The time limit of the test is the only one: how fast the disk is does not matter.
  while (sizeOf(path) < 20_000_000) await write(1)
  for (let before = 0; before !== sizeOf(`${path}-wal`);) {
    before = sizeOf(`${path}-wal`)
    await write(20)
  }
  await storage.close()
  expect(faults).toEqual([])
  expect(statSync(`${path}-wal`, { throwIfNoEntry: false })).toBeUndefined()
  rmSync(folder, { recursive: true })
})
