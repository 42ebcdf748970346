// Backup and restore when something goes wrong: beside a service that is written to, killed at any point, without room. Nothing stands
// under a name that is not whole, and nothing that was answered is lost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, signet } from '../cli/command-line.ts'
import { onBothStores } from '../support/both-stores.ts'
import { backup, flagsOf, restore } from '../support/restoring.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { SIGNET, SIGNET_ENVIRONMENT } from './service-process.ts'

const KILLS = 8

onBothStores(
  'a backup under load',
  () => ({}),
  (running) => {
    test('is of one instant, and with the journal everything that was answered is there', async () => {
      const service = running()
      const owner = await service.addProject('vision', 'carol')
      const leaver = await service.addMember('vision', 'lea', owner)
      const answered: string[] = []
      const files: string[] = []
      let isOver = false
      const load = Promise.all(
        [0, 1, 2, 3].map(async (writer) => {
          for (let count = 0; !isOver; count += 1) {
            const name = `u${String(writer)}-${String(count)}`
            expectStatus(await service.put(`/v1/users/${name}`, { platformRole: 'user' }, service.admin), 201)
            expectStatus(await service.put(`/v1/projects/vision/members/${name}`, { role: 'scientist' }, owner), 201)
            answered.push(name)
          }
        }),
      )
      for (let count = 0; count < 3; count += 1) {
        files.push(join(service.folder, `${String(count)}.backup`))
        await backup(service, files.at(-1) ?? '')
      }
      isOver = true
      await load
      expectStatus(await service.post(`/v1/certificates/${leaver.serial}/revoke`, { reason: 'superseded' }, owner), 200)
      await service.stop()
      for (const file of files) {
        const restored = await restore(service, file)
        expect(restored).toMatchObject({ quarantine: 'off', review: [], survey: { reach: { kind: 'complete' } } })
        await service.restart()
        expect(await membersOf(service, owner)).toEqual(expect.arrayContaining(answered))
        const { facts } = (await service.get('/v1/me', leaver)).json
        expect(facts).toMatchObject({ reason: 'CERT_REVOKED' })
        await service.stop()
      }
    })
  },
)

describe('a command that is killed', () => {
  let service: TestService
  let owner: Certified
  let flags: readonly string[]
  let journalBytes = 0
  const at = (name: string) => join(service.folder, name)

  beforeAll(async () => {
    service = await TestService.start()
    owner = await service.addProject('vision', 'carol')
    flags = flagsOf(service)
    await backup(service, at('good.backup'))
  })
  afterAll(() => service.close())

  test('leaves a whole backup or the one before, and nothing that a next one trips over', async () => {
    mkdirSync(at('out'))
    const file = at('out/signet.backup')
    for (let kill = 0; kill < KILLS; kill += 1) {
      await killedAfter(['backup', '--out', file, ...flags], kill * 60)
      if (existsSync(file)) expect((await signet(['backup', 'verify', file])).status).toBe(0)
    }
    const done = await signet(['backup', '--out', file, '--json', ...flags])
    expect(done.status, done.stderr).toBe(0)
    expect(readdirSync(at('out')).filter((name) => !name.startsWith('.'))).toEqual(['signet.backup'])
  })

  test('leaves the database of before or that of after, and a restore can be begun anew', async () => {
    await service.stop()
    const { database } = service.configuration
    const path = database.kind === 'sqlite' ? database.path : ''
    const epochs = new Set([epochOf(path)])
    for (let kill = 0; kill < KILLS; kill += 1) {
      await killedAfter(['restore', at('good.backup'), '--replace', ...flags], 200 + kill * 150)
      epochs.add(epochOf(path))
    }
    const done = await signet(['restore', at('good.backup'), '--replace', '--json', ...flags])
    expect(done.status, done.stderr).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({ quarantine: 'off' })
    expect(epochs).not.toContain(epochOf(path))
    expect(readdirSync(service.configuration.dataFolder).filter((name) => name.includes('restoring'))).toEqual([])
    await service.restart()
    expect((await service.get('/v1/me', owner)).status).toBe(200)
  })

  test.each([
    ['while the database is built', () => existsSync(`${databaseOf(service)}.restoring`)],
    ['once it is told in the journal', () => statSync(service.configuration.journal).size > journalBytes],
    ['in its last step', () => keptBefore(service).length > 0],
  ])('%s leaves a whole database, which a restore takes the place of', async (_, seenAfter) => {
    await service.stop()
    for (const kept of keptBefore(service)) rmSync(join(service.configuration.dataFolder, kept))
    const path = databaseOf(service)
    const before = epochOf(path)
    journalBytes = statSync(service.configuration.journal).size
    await killedWhen(['restore', at('good.backup'), '--replace', ...flags], seenAfter)
    const between = epochOf(path)
    const done = await signet(['restore', at('good.backup'), '--replace', '--json', ...flags])
    expect(done.status, done.stderr).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({ quarantine: 'off', journal: { kind: 'complete' } })
    expect([before, between]).not.toContain(epochOf(path))
    expect(readdirSync(service.configuration.dataFolder).filter((name) => name.includes('restoring'))).toEqual([])
    await service.restart()
    expect((await service.get('/v1/me', owner)).status).toBe(200)
  })

  test('a disk without room for a restore: a code, and the database of before', async () => {
    await service.stop()
    const before = epochOf(databaseOf(service))
    const words = ['restore', at('good.backup'), '--replace', ...flags]
    const child = spawn('prlimit', ['--fsize=65536', ...SIGNET, ...words], { env: SIGNET_ENVIRONMENT })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const [status] = (await once(child, 'close')) as [number]
    expect([status, codeOf({ status, stdout: '', stderr })], stderr).toEqual([1, 'restore_unwritable'])
    expect(epochOf(databaseOf(service))).toBe(before)
    await service.restart()
    expect((await service.get('/v1/me', owner)).status).toBe(200)
  })

  test('with --plan a restore changes nothing, whatever comes', async () => {
    const before = (await service.get('/v1/status', owner)).json['epoch']
    await service.stop()
    const planned = await signet(['restore', at('good.backup'), '--plan', '--replace', '--json', ...flags])
    expect(JSON.parse(planned.stdout)).toMatchObject({ plan: true, quarantine: 'off' })
    await service.restart()
    expect((await service.get('/v1/status', owner)).json['epoch']).toBe(before)
  })

  test('a disk without room: a code, and the backup of before', async () => {
    copyFileSync(at('good.backup'), at('full.backup'))
    const before = readFileSync(at('full.backup'))
    const words = ['backup', '--out', at('full.backup'), ...flags]
    const child = spawn('prlimit', ['--fsize=512', ...SIGNET, ...words], { env: SIGNET_ENVIRONMENT })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const [status] = (await once(child, 'close')) as [number]
    expect([status, codeOf({ status, stdout: '', stderr })], stderr).toEqual([1, 'backup_unwritable'])
    expect(readFileSync(at('full.backup'))).toEqual(before)
  })

  test.each([
    ['a backup that is none', () => ['restore', at('passphrase'), '--replace'], 'backup_unreadable'],
    ['one that is cut off', () => ['restore', cut(at('good.backup')), '--replace'], 'backup_damaged'],
    ['one with a byte that was changed', () => ['restore', changed(at('good.backup')), '--replace'], 'backup_damaged'],
    [
      'a journal that is not there',
      () => ['restore', at('good.backup'), '--replace', '--journal', at('nowhere.jsonl')],
      'journal_unreadable',
    ],
    ['one that is there already', () => ['restore', at('good.backup')], 'restore_not_empty'],
    [
      'another master key',
      () => ['restore', at('good.backup'), '--replace', ...otherKey(service)],
      'master_key_not_held',
    ],
  ])('a restore of %s changes nothing', async (_, words, code) => {
    const before = (await service.get('/v1/status', owner)).json['epoch']
    await service.stop()
    const refused = await signet([...words(), ...(words().includes('--data') ? [] : flags)])
    expect(codeOf(refused), refused.stderr).toBe(code)
    await service.restart()
    expect((await service.get('/v1/status', owner)).json['epoch']).toBe(before)
  })
})

function databaseOf({ configuration: { database } }: TestService): string {
  return database.kind === 'sqlite' ? database.path : ''
}

function keptBefore({ configuration }: TestService): string[] {
  return readdirSync(configuration.dataFolder).filter((name) => name.includes('before-restore'))
}

function signetProcess(words: readonly string[]) {
  const [program = '', ...first] = SIGNET
  const child = spawn(program, [...first, ...words], { env: SIGNET_ENVIRONMENT, stdio: 'ignore' })
  return { child, closed: once(child, 'close') as Promise<[number | null]> }
}

/** As soon as that is seen; one that was too quick has ended by itself. */
async function killedWhen(words: readonly string[], isSeen: () => boolean): Promise<void> {
  const { child, closed } = signetProcess(words)
  while (child.exitCode === null && !isSeen()) await new Promise((turn) => void setImmediate(turn))
  child.kill('SIGKILL')
  await closed
}

async function killedAfter(words: readonly string[], milliseconds: number): Promise<void> {
  const [program = '', ...first] = SIGNET
  const child = spawn(program, [...first, ...words], { env: SIGNET_ENVIRONMENT, stdio: 'ignore' })
  const closed = once(child, 'close')
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds)
  await closed
  clearTimeout(timer)
}

function epochOf(path: string): string {
  const db = new Database(path, { readonly: true })
  try {
    const row = db.prepare(`select value from metadata where name = 'epoch'`).get() as { value: string }
    return row.value
  } finally {
    db.close()
  }
}

function cut(file: string): string {
  const bytes = readFileSync(file)
  writeFileSync(`${file}.cut`, bytes.subarray(0, bytes.length - 100))
  return `${file}.cut`
}

function changed(file: string): string {
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(`${file}.changed`, bytes)
  return `${file}.changed`
}

/** The flags, with a master key that sealed nothing. */
function otherKey(service: TestService): string[] {
  const file = join(service.folder, 'other.key')
  writeFileSync(
    file,
    readFileSync(join(service.folder, 'master.key'), 'utf8').replace(/[A-Za-z0-9+/]{43}=|[0-9a-f]{64}/, encodedKey),
    {
      mode: 0o600,
    },
  )
  const master = join(service.folder, 'master.key')
  return flagsOf(service).map((word) => (word === master ? file : word))
}

function encodedKey(before: string): string {
  return before.endsWith('=') ? randomBytes(32).toString('base64') : randomBytes(32).toString('hex')
}

async function membersOf(service: TestService, owner: Certified): Promise<string[]> {
  const names: string[] = []
  for (let cursor = ''; ;) {
    const { json } = await service.get(`/v1/projects/vision/members?limit=500${cursor}`, owner)
    names.push(...(json['members'] as { user: string }[]).map(({ user }) => user))
    const next = json['cursor']
    if (typeof next !== 'string') return names
    cursor = `&cursor=${encodeURIComponent(next)}`
  }
}
