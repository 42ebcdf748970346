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
    onFault: (error) => faults.push(error),
  })
  const der = Buffer.alloc(200_000)
  for (let n = 0; n < 1000; n += 1) await storage.run((tx) => tx.insertCertificate(certificate(n, { der })))
  // 200 MB went through it.
  expect(statSync(`${path}-wal`).size).toBeLessThan(100 * 1024 * 1024)
  expect(statSync(path).size).toBeGreaterThan(50 * 1024 * 1024)
  await storage.close()
  expect(faults).toEqual([])
  expect(statSync(`${path}-wal`, { throwIfNoEntry: false })).toBeUndefined()
  rmSync(folder, { recursive: true })
})
