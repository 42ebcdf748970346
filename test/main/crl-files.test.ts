// CRLs as files when one of them cannot be written, as a long one on a disk that is nearly full.
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import { fullScope } from '../../src/domain/crl-scope.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import { keepCrlFiles } from '../../src/main/crl-files.ts'
import { systemTimer } from '../../src/ops/timer.ts'
import { CrlShelf } from '../../src/revocation/crl-shelf.ts'
import { wholeCrl } from '../../src/revocation/crl-store.ts'
import { CrlFolder } from '../../src/storage/crl-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-crl-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function shelfOf(authorities: readonly string[]): CrlShelf {
  const shelf = new CrlShelf()
  for (const authority of authorities) {
    const scope = fullScope(issuerId(authority, 1))
    const dates = { thisUpdate: new Date(1000), nextUpdate: new Date(2000), endedBefore: new Date(0) }
    const der = Buffer.from(authority)
    shelf.put(wholeCrl({ scope, number: 1, ...dates, coversRevision: 1, base: undefined }, der), [der])
  }
  return shelf
}

test('one that cannot be written keeps no other back, and is there when it can be', async () => {
  const failures: unknown[] = []
  // Nothing can be written beside its place.
  mkdirSync(join(folder, 'services-1.crl.tmp'))
  const means = { clock: systemClock, timer: systemTimer, onFailure: (error: unknown) => void failures.push(error) }
  const keeping = keepCrlFiles(shelfOf(['services', 'users']), new CrlFolder(folder), means)
  try {
    await expect.poll(() => failures.length, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(existsSync(join(folder, 'users-1.crl'))).toBe(true)
    expect(failures[0]).toMatchObject({ errors: [{ code: 'storage_unavailable' }] })
    rmdirSync(join(folder, 'services-1.crl.tmp'))
    await expect.poll(() => existsSync(join(folder, 'services-1.crl')), { timeout: 10_000 }).toBe(true)
  } finally {
    await keeping.stop()
  }
})
