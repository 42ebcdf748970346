import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { open, seal, type SealContext } from '../../../src/ca/keystore/envelope.ts'
import {
  makeMasterKeyFile,
  MASTER_KEY_VARIABLE,
  MasterKey,
  parseMasterKey,
  readMasterKey,
} from '../../../src/ca/keystore/master-key.ts'
import { systemRandom } from '../../../src/domain/clock.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'master-key-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const context: SealContext = {
  installation: 'i',
  purpose: 'jwt',
  table: 't',
  row: 'r',
  identity: 'i',
  keyVersion: 1,
}

/** Two master keys are one when what either seals, the other opens. */
function expectSame(key: MasterKey, bytes: Uint8Array): void {
  const sealed = seal(MasterKey.fromBytes(Uint8Array.from(bytes)), Buffer.from('x'), context, systemRandom)
  expect(Buffer.from(open(key, sealed, context)).toString()).toBe('x')
}

function written(contents: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, 'key')
  writeFileSync(path, contents, { mode })
  return path
}

describe('the forms of a master key', () => {
  const bytes = randomBytes(32)

  test.each([
    ['raw bytes', bytes],
    ['hexadecimal', Buffer.from(bytes.toString('hex'))],
    ['upper-case hexadecimal', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['hexadecimal with a line end', Buffer.from(`${bytes.toString('hex')}\n`)],
    ['base64', Buffer.from(bytes.toString('base64'))],
    ['base64 with a line end', Buffer.from(`${bytes.toString('base64')}\r\n`)],
    ['base64url without padding', Buffer.from(bytes.toString('base64url'))],
  ])('%s', (_, contents) => {
    expectSame(parseMasterKey(contents), bytes)
  })

  test.each([
    ['nothing', ''],
    ['31 bytes', randomBytes(31)],
    ['33 bytes', Buffer.concat([randomBytes(31), Uint8Array.of(1, 2)])],
    ['63 digits', 'a'.repeat(63)],
    ['65 digits', 'a'.repeat(65)],
    ['a digit that is none', `${'a'.repeat(63)}g`],
    ['two line ends', `${'a'.repeat(64)}\n\n`],
    ['a space before', ` ${'a'.repeat(64)}`],
    ['a passphrase of 32 characters', 'correct horse battery staple 123'],
    ['base64 of 33 bytes', randomBytes(33).toString('base64')],
  ])('not %s', (_, contents) => {
    expect(() => parseMasterKey(Buffer.from(contents as string))).toThrow(
      expect.objectContaining({
        code: 'master_key_malformed',
        facts: { accepted: ['32 random bytes', '64 hexadecimal digits', 'base64 of 32 bytes'] },
      }),
    )
  })
})

describe('a master key file', () => {
  test('is made closed to others, and read again', () => {
    const path = join(folder, 'key')
    makeMasterKeyFile(path, () => Buffer.alloc(32, 7))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['key'])
    expectSame(readMasterKey({ kind: 'file', path }, {}), Buffer.alloc(32, 7))
  })

  test('is never overwritten', () => {
    const path = written('what stood here')
    expect(() => makeMasterKeyFile(path, systemRandom)).toThrow(
      expect.objectContaining({ code: 'master_key_exists', facts: { path } }),
    )
    expect(readFileSync(path, 'utf8')).toBe('what stood here')
    expect(readdirSync(folder)).toEqual(['key'])
  })

  test.each([0o640, 0o604, 0o660, 0o644, 0o601])('that others may use is refused: mode %o', (mode) => {
    const path = written('a'.repeat(64))
    chmodSync(path, mode)
    expect(() => readMasterKey({ kind: 'file', path }, {})).toThrow(
      expect.objectContaining({
        code: 'master_key_exposed',
        facts: { path, mode: `0${mode.toString(8)}`, fix: `chmod 600 ${path}` },
      }),
    )
  })

  test.each([0o600, 0o400])('that its owner alone may read is taken: mode %o', (mode) => {
    const path = written('ab'.repeat(32))
    chmodSync(path, mode)
    expectSame(readMasterKey({ kind: 'file', path }, {}), Buffer.alloc(32, 0xab))
  })

  test('that is not there is named', () => {
    const path = join(folder, 'none')
    expect(() => readMasterKey({ kind: 'file', path }, {})).toThrow(
      expect.objectContaining({ code: 'master_key_missing', facts: { path } }),
    )
  })

  test('that is a pipe nobody writes to does not hang', () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', ['-m', '600', path])
    expect(() => readMasterKey({ kind: 'file', path }, {})).toThrow(
      expect.objectContaining({ code: 'master_key_malformed' }),
    )
  })
})

describe('a systemd credential', () => {
  const key = { kind: 'credential', name: 'key' } as const

  test('is read from the folder that systemd names, whatever its group bits say', () => {
    written('cd'.repeat(32), 0o440)
    expectSame(readMasterKey(key, { CREDENTIALS_DIRECTORY: folder }), Buffer.alloc(32, 0xcd))
  })

  test.each([
    ['without the folder', key, {}],
    ['that is not in it', { ...key, name: 'other' }, { CREDENTIALS_DIRECTORY: '/nonexistent' }],
    ['with a path for a name', { ...key, name: '../key' }, { CREDENTIALS_DIRECTORY: '/tmp' }],
    ['with a hidden name', { ...key, name: '.key' }, { CREDENTIALS_DIRECTORY: '/tmp' }],
  ])('%s is missing', (_, source, environment) => {
    expect(() => readMasterKey(source, environment)).toThrow(expect.objectContaining({ code: 'master_key_missing' }))
  })
})

describe('the environment variable', () => {
  test('rule 38: is read once and leaves the environment', () => {
    const environment = { [MASTER_KEY_VARIABLE]: 'ef'.repeat(32), PATH: '/bin' }
    expectSame(
      readMasterKey({ kind: 'environment', variable: MASTER_KEY_VARIABLE }, environment),
      Buffer.alloc(32, 0xef),
    )
    expect(environment).toEqual({ PATH: '/bin' })
    expect(() => readMasterKey({ kind: 'environment', variable: MASTER_KEY_VARIABLE }, environment)).toThrow(
      expect.objectContaining({ code: 'master_key_missing' }),
    )
  })

  test('leaves it also when it is malformed, or another source was chosen', () => {
    const malformed = { [MASTER_KEY_VARIABLE]: 'secret' }
    expect(() => readMasterKey({ kind: 'environment', variable: MASTER_KEY_VARIABLE }, malformed)).toThrow(
      expect.objectContaining({ code: 'master_key_malformed' }),
    )
    const other = { [MASTER_KEY_VARIABLE]: 'ef'.repeat(32) }
    readMasterKey({ kind: 'file', path: written('ab'.repeat(32)) }, other)
    expect([malformed, other]).toEqual([{}, {}])
  })

  test('rule 38: reaches no child', () => {
    process.env[MASTER_KEY_VARIABLE] = 'ef'.repeat(32)
    readMasterKey({ kind: 'environment', variable: MASTER_KEY_VARIABLE }, process.env)
    expect(execFileSync('env', { encoding: 'utf8' })).not.toContain(MASTER_KEY_VARIABLE)
  })
})
