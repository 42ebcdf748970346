// CRLs as files: whole, never going back, with two writers and with one that is killed in the middle.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CrlScopeKey } from '../../src/domain/crl-scope.ts'
import { CrlFolder, type FolderCrl } from '../../src/storage/crl-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-crls-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const FULL = 'users-1' as CrlScopeKey
const crl = (number: number, scope = FULL): FolderCrl => {
  const body = Buffer.from(`${scope} ${String(number)} `.repeat(5000))
  const shared = new Uint8Array(new SharedArrayBuffer(body.length - 10))
  shared.set(body.subarray(10))
  const sha256 = createHash('sha256').update(body).digest('hex')
  const times = { thisUpdate: new Date(number * 1000), nextUpdate: new Date(number * 2000) }
  return { scope, number, ...times, sha256, parts: [body.subarray(0, 10), shared] }
}
const read = (name: string): Buffer => readFileSync(join(folder, name))
const holds = (name: string, { parts }: FolderCrl): boolean => read(name).equals(Buffer.concat(parts))

test('writes each scope where its URL says, and tells of all of them', async () => {
  const writer = new CrlFolder(join(folder, 'made', 'here'))
  const crls = [crl(1), crl(2, 'users-1/delta' as CrlScopeKey), crl(3, 'users-1/7' as CrlScopeKey)]
  for (const each of crls) expect(await writer.write(each)).toBe('written')
  await writer.close()
  for (const each of crls) expect(holds(`made/here/${each.scope}.crl`, each)).toBe(true)
  const index = JSON.parse(read('made/here/index.json').toString()) as { readonly crls: readonly object[] }
  expect(index.crls).toMatchObject(
    crls
      .toSorted((one, other) => (one.scope < other.scope ? -1 : 1))
      .map(({ scope, number, sha256 }) => ({ file: `${scope}.crl`, number, sha256 })),
  )
})

test('goes on with the highest number, and writes the same one again', async () => {
  const writer = new CrlFolder(folder)
  expect(await writer.write(crl(5))).toBe('written')
  expect(await writer.write(crl(4))).toBe('superseded')
  expect(holds('users-1.crl', crl(5))).toBe(true)
  writeFileSync(join(folder, 'users-1.crl'), 'cut off')
  expect(await writer.write(crl(5))).toBe('written')
  expect(holds('users-1.crl', crl(5))).toBe(true)
  await writer.close()
})

test('of two writers neither takes the other back', async () => {
  const writers = [new CrlFolder(folder), new CrlFolder(folder)]
  const write = async (writer: CrlFolder, from: number): Promise<void> => {
    for (let number = from; number <= 40; number += 2) await writer.write(crl(number))
  }
  const seen: number[] = []
  const numberThere = (): number => Number(/ (\d+) /.exec(read('users-1.crl').toString())?.[1])
  const watched = new AbortController()
  const watching = (async () => {
    for (; !watched.signal.aborted; await new Promise((turn) => void setImmediate(turn))) {
      if (readdirSync(folder).includes('users-1.crl')) seen.push(numberThere())
    }
  })()
  await Promise.all(writers.map((writer, index) => write(writer, index + 1))).finally(() => watched.abort())
  await watching
  expect(seen).toEqual(seen.toSorted((one, other) => one - other))
  expect(new Set(seen).size).toBeGreaterThan(1)
  expect(holds('users-1.crl', crl(40))).toBe(true)
  for (const writer of writers) await writer.close()
})

test('a folder that cannot be written is a failure, and the next try goes on', async () => {
  writeFileSync(join(folder, 'file'), '')
  const writer = new CrlFolder(join(folder, 'file'))
  await expect(writer.write(crl(1))).rejects.toMatchObject({ code: 'storage_unavailable' })
  rmSync(join(folder, 'file'))
  expect(await writer.write(crl(1))).toBe('written')
  await writer.close()
})

test('a killed writer leaves a whole file and no lock', async () => {
  const script = join(folder, 'writer.ts')
  const source = new URL('../../src/storage/crl-folder.ts', import.meta.url).pathname
  writeFileSync(
    script,
    `import { CrlFolder } from ${JSON.stringify(source)}
    const writer = new CrlFolder(${JSON.stringify(join(folder, 'crls'))})
    for (let number = 1; ; number += 1) {
      const body = Buffer.from((String(number) + ' ').repeat(50_000))
      await writer.write({ scope: 'users-1', number, thisUpdate: new Date(), nextUpdate: new Date(), sha256: '', parts: [body] })
      console.log(number)
    }`,
  )
  let last = 0
  for (let kill = 0; kill < 4; kill += 1) {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((told) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (Number(chunk.toString().trim().split('\n').at(-1)) > 3 + kill) told()
      })
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    const numbers = new Set(read('crls/users-1.crl').toString().trim().split(' '))
    expect(numbers.size).toBe(1)
    const [number = '0'] = numbers
    expect(Number(number)).toBeGreaterThanOrEqual(last)
    last = Number(number)
  }
  const writer = new CrlFolder(join(folder, 'crls'))
  expect(await writer.write(crl(last + 1000))).toBe('written')
  expect(holds('crls/users-1.crl', crl(last + 1000))).toBe(true)
  await writer.close()
})

test('the index names no file that could not be written', async () => {
  const writer = new CrlFolder(folder)
  const delta = 'users-1/delta' as CrlScopeKey
  await writer.write(crl(1))
  // Where the file is to be put stands a folder.
  mkdirSync(join(folder, 'users-1', 'delta.crl'), { recursive: true })
  await expect(writer.write(crl(2, delta))).rejects.toMatchObject({ code: 'storage_unavailable' })
  await writer.write(crl(3))
  const named = () => {
    const { crls } = JSON.parse(read('index.json').toString()) as { crls: { file: string; number: number }[] }
    return crls.map(({ file, number }) => `${file} ${String(number)}`)
  }
  expect(named()).toEqual(['users-1.crl 3'])
  rmdirSync(join(folder, 'users-1', 'delta.crl'))
  // The number was noted, and is nobody's: the same one may still take its place.
  expect(await writer.write(crl(2, delta))).toBe('written')
  expect(named()).toEqual(['users-1.crl 3', 'users-1/delta.crl 2'])
  await writer.close()
})

test.each([
  ['the file beside', 'users-1.crl.tmp', 'users-1' as CrlScopeKey, 'written'],
  ['the numbers', '.numbers.db', 'users-1' as CrlScopeKey, 'refused'],
  ['the folder of partitions', 'users-1', 'users-1/7' as CrlScopeKey, 'refused'],
])('nothing is written through a link in the place of %s', async (_, name, scope, expected) => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'signet-elsewhere-'))
  const victim = join(elsewhere, 'victim')
  writeFileSync(victim, 'mine')
  symlinkSync(name === 'users-1' ? elsewhere : victim, join(folder, name))
  const writer = new CrlFolder(folder)
  const outcome = await writer.write(crl(1, scope)).catch(() => 'refused')
  await writer.close()
  expect(outcome).toBe(expected)
  expect(readFileSync(victim, 'utf8')).toBe('mine')
  expect(readdirSync(elsewhere)).toEqual(['victim'])
  if (expected === 'written') expect(lstatSync(join(folder, `${scope}.crl`)).isFile()).toBe(true)
  rmSync(elsewhere, { recursive: true })
})
