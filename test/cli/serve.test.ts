// `signet serve` where it cannot start: what is wrong and what to do, no stack trace, and no secret.
import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../support/test-service.ts'
import { codeOf, signet } from './command-line.ts'
import { TemporaryFolder } from './temporary-folder.ts'

const folder = new TemporaryFolder()
const key = folder.write('master.key', Buffer.alloc(32, 7).toString('base64'))
chmodSync(key, 0o600)
let port: number | undefined

beforeAll(async () => {
  ;[port] = await freePorts(1)
})
afterAll(() => folder[Symbol.dispose]())

const serve = (database: string, journal = folder.at('journal.jsonl')) => {
  const file = folder.write('signet.yaml', `journal: ${journal}`)
  const places = ['--config', file, '--data', folder.path, '--master-key-file', key]
  return signet(['serve', ...places, '--demo', '--trust-domain', 'test.internal', '--database', database])
}

describe('a database that cannot be opened', () => {
  it.each([
    [
      'PostgreSQL that does not listen',
      () => `postgres://signet:hunter2@127.0.0.1:${String(port)}/signet`,
      'ECONNREFUSED',
    ],
    ['a socket that is not there', () => `postgres:///signet?host=${folder.path}&password=hunter2`, 'ENOENT'],
    ['a certificate that is not there', () => `postgres://h/d?sslrootcert=${folder.at('hunter2')}`, 'ENOENT'],
    ['a folder', () => `sqlite:${folder.path}`, 'EISDIR'],
    ['a file of another kind', () => `sqlite:${folder.write('a.db', 'x'.repeat(4096))}`, 'file is not a database'],
  ])('%s', async (_, database, cause) => {
    const outcome = await serve(database())
    expect([outcome.status, codeOf(outcome), outcome.stdout]).toEqual([1, 'storage_unopened', ''])
    expect(outcome.stderr).toContain(`cause: `)
    expect(outcome.stderr).toContain(cause)
    expect(outcome.stderr).toMatch(/^ {2}fix: .+ the settings database and journal$/m)
    expect(outcome.stderr).not.toMatch(/hunter2@|password|^ +at /m)
  })

  it('nor its journal', async () => {
    const outcome = await serve(`sqlite:${folder.write('empty.db', '')}`, folder.at('none/journal.jsonl'))
    expect([outcome.status, codeOf(outcome)], outcome.stderr).toEqual([1, 'storage_unopened'])
    expect(outcome.stderr).toContain('none/journal.jsonl')
  })
})
