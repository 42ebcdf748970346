// SIGKILL amid the publication of CRLs (SECURITY.md rules 31, 32): while a thread signs, before and after the store has them, and at
// each step by which a file of `crl.directory` comes to its place; then once more after the restore of an older backup. Numbers rise,
// none stands for two CRLs, no file is torn, and nothing that was revoked is missing.
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { writeVerified } from '../../src/cli/backup.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { restoreBackup } from '../../src/main/restore.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { postgresIsInstalled, postgresMayBeMissing, startPostgresCluster } from '../storage/postgres-cluster.ts'
import { expectStatus } from '../support/test-service.ts'
import { CrlWatch } from './crl-watch.ts'
import { HaltingLink, type HaltingPoint } from './halting-link.ts'
import { type KillingCall, killingWords, setTrap, type Trap } from './kill-at-call.ts'
import { keptCertificates, query } from './kept-records.ts'
import { PreparedInstallation } from './prepared-installation.ts'
import { insertRevoked } from './revoked-rows.ts'
import { killLeftovers, ServiceProcess } from './service-process.ts'
import { hasStrace } from './strace.ts'
import { Undo } from './undo.ts'

const ISSUER = 'users-1'
/** 75 KB of entries: the complete CRL is signed by a thread, and written in parts. */
const LONG_AGO = 1500
const SOON = { timeout: 20_000, interval: 25 }
const RENAME = ['rename', 'renameat', 'renameat2']

type Moment =
  | ({ readonly kind: 'call'; readonly what: string; readonly threads: 'all' | 'workers' } & KillingCall)
  | { readonly kind: 'link'; readonly what: string; readonly at: HaltingPoint }

interface Places {
  readonly directory: string
  /** The file of SQLite. */
  readonly database: string
}

const SIGNING: Moment = {
  kind: 'call',
  what: 'a thread is told to sign',
  threads: 'workers',
  calls: ['read'],
  count: 1,
}

function momentsOf(store: 'sqlite' | 'postgres', { directory, database }: Places): readonly Moment[] {
  const onFile = (what: string, path: string, calls: readonly string[], count = 1): Moment => {
    return { kind: 'call', what, threads: 'all', calls, count, path }
  }
  const file = join(directory, `${ISSUER}.crl.tmp`)
  const inPlace = onFile('the file is whole, and not in its place', file, RENAME)
  if (store === 'postgres') {
    return [
      SIGNING,
      { kind: 'link', what: 'the store is being told', at: 'before-store' },
      { kind: 'link', what: 'the store has it, and the process does not know', at: 'after-store' },
      inPlace,
    ]
  }
  return [
    SIGNING,
    onFile('the revocation is not synced', `${database}-wal`, ['fsync', 'fdatasync']),
    onFile('the CRL is not synced', `${database}-wal`, ['fsync', 'fdatasync'], 2),
    onFile('its number is half written down', join(directory, '.numbers.db'), ['pwrite64'], 2),
    onFile('the file is half written', file, ['write'], 5),
    inPlace,
    onFile('the index is not in its place', join(directory, 'index.json.tmp'), RENAME),
    onFile('the delta is not in its place', join(directory, ISSUER, 'delta.crl.tmp'), RENAME),
  ]
}

const withoutStrace = !hasStrace() && process.env['CI'] !== 'true'

describe.each(['sqlite', 'postgres'] as const)('SIGKILL amid a publication, on %s', (store) => {
  const withoutPostgres = store === 'postgres' && !postgresIsInstalled() && postgresMayBeMissing()
  const whats = momentsOf(store, { directory: '', database: '' }).map(({ what }) => what)
  describe.skipIf(withoutStrace || withoutPostgres)('of the real service', () => {
    const undo = new Undo()
    let installation: PreparedInstallation
    let link: HaltingLink | undefined
    let service: ServiceProcess
    let watch: CrlWatch
    let trap: Trap | undefined
    /** Serials whose end a client was told of, and those of long ago. */
    const revoked = new Set<string>()
    let directory: string
    let startedAt = 0
    /** The highest number that a file had. */
    const filed = new Map<string, number>()

    beforeAll(async () => {
      const database = store === 'postgres' ? await freshDatabase(undo) : undefined
      const members = whats.length + 1
      // The folder is below its own, whose name is not known before.
      installation = await PreparedInstallation.make({
        members,
        settings: { crl: { directory: 'crls' } },
        ...(database === undefined ? {} : { database }),
      })
      undo.add(() => installation.remove())
      undo.add(killLeftovers)
      for (const serial of await insertRevoked(installation.configuration, LONG_AGO)) revoked.add(serial)
      directory = join(installation.folder, 'crls')
      if (database !== undefined) {
        const { hostname, port } = new URL(database)
        link = await HaltingLink.to({ host: hostname, port: Number(port) })
        undo.add(() => link?.close())
      }
      watch = new CrlWatch(installation.configuration.publicHttpUrl, ISSUER)
      service = await started()
      await revoke(installation.owner.serial)
      await expectPublished()
      await writeVerified(
        installation.configuration,
        join(installation.folder, 'old.backup'),
        systemClock,
        () => undefined,
      )
    }, 60_000)
    afterEach(() => trap?.open())
    afterAll(() => undo.all())

    function started(under: readonly string[] = []): Promise<ServiceProcess> {
      link?.mend()
      startedAt = Date.now()
      return ServiceProcess.start(installation, { under, flags: databaseFlags() })
    }

    function databaseFlags(): string[] {
      const { database } = installation.configuration
      if (link === undefined || database.kind === 'sqlite') return []
      const url = new URL(database.url)
      url.port = String(link.port)
      return ['--database', url.href]
    }

    /** Revokes the next member's certificate, while the service is killed at that moment. */
    async function killedAt(moment: Moment, serial: string): Promise<void> {
      const halted = moment.kind === 'link' ? link?.haltAt(moment.at) : undefined
      trap = moment.kind === 'call' ? await setTrap(service.pid, moment.threads, moment) : undefined
      // Nobody may hear of it any more.
      const revoking = revoke(serial).catch(() => undefined)
      if (halted !== undefined) {
        await halted
        await service.kill()
      }
      await service.gone()
      await revoking
    }

    async function revoke(serial: string): Promise<void> {
      const path = `/v1/certificates/${serial}/revoke`
      expectStatus(await service.post(path, { reason: 'superseded' }, installation.admin), 200)
      revoked.add(serial)
    }

    /** Whole, published once, and no older than what was there. */
    async function expectWholeFiles(): Promise<void> {
      const published = await publishedCrls(installation)
      for (const name of globSync('**/*.crl', { cwd: directory })) {
        const der = readFileSync(join(directory, name))
        const scope = name.replace(/\.crl$/, '')
        const number = Number(parseCrl(der, 1024 * 1024).number)
        expect({ name, sha256: sha256Of(der) }).toEqual({ name, sha256: published.get(`${scope} ${String(number)}`) })
        expect(number, name).toBeGreaterThanOrEqual(filed.get(name) ?? 0)
        filed.set(name, number)
      }
      expect(JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))).toHaveProperty('crls')
    }

    /** What a client was told of is on the CRL, no number stands for two, and the directory follows. */
    async function expectPublished(): Promise<void> {
      await vi.waitFor(async () => {
        const serials = await watch.revokedSerials()
        // In one word: there are many.
        expect([...revoked].filter((serial) => !serials.has(serial)).join(' ')).toBe('')
      }, SOON)
      expect(watch.faults).toEqual([])
      await vi.waitFor(async () => {
        for (const { file, sha256 } of indexOf(directory)) {
          expect({ file, sha256: sha256Of(readFileSync(join(directory, file))) }).toEqual({ file, sha256 })
        }
        const served = await watch.look()
        expect((await publishedCrls(installation)).get(`${ISSUER} ${String(served.number)}`)).toBe(served.sha256)
        expect(sha256Of(readFileSync(join(directory, `${ISSUER}.crl`)))).toBe(served.sha256)
        expect(unsettled(directory, startedAt)).toEqual([])
      }, SOON)
      await expectWholeFiles()
    }

    async function isRecorded(serial: string): Promise<boolean> {
      return (await keptCertificates(installation.configuration, [serial])).get(serial)?.status === 'revoked'
    }

    test.each(whats.map((what, index) => [what, index] as const))('%s', async (_, index) => {
      const { configuration, members } = installation
      const { database } = configuration
      const moment = momentsOf(store, { directory, database: database.kind === 'sqlite' ? database.path : '' })[index]
      const serial = members[index]?.serial
      if (moment === undefined || serial === undefined) throw new Error('a moment and a member for each row')
      const before = (await watch.look()).number
      // A CRL that is due by itself may have come first, and sprung the trap: then nothing is revoked, and it is set again.
      for (let attempt = 0; attempt < 5 && !(await isRecorded(serial)); attempt += 1) {
        await killedAt(moment, serial)
        await expectWholeFiles()
        service = await started()
        await expectPublished()
      }
      expect(await isRecorded(serial)).toBe(true)
      await vi.waitFor(async () => expect(await watch.revokedSerials()).toContain(serial), SOON)
      expect(watch.seen.at(-1)?.number).toBeGreaterThan(before)
      expect(service.log).toBe('')
    })

    test('amid the first one after the restore of an older backup', async () => {
      const { number: before } = await watch.look()
      await service.stop()
      const { configuration, folder, members } = installation
      const task = { journals: [configuration.journal], damaged: 'refuse', replacing: 'same-installation' } as const
      const restored = await restoreBackup({
        ...{ ...task, configuration, file: join(folder, 'old.backup'), mode: 'restore', clock: systemClock },
        onProgress: () => undefined,
      })
      expect(restored.quarantine).toBe('off')
      const call = { calls: RENAME, count: 1, path: join(directory, `${ISSUER}.crl.tmp`) }
      // It is killed before it is ready, or after.
      await started(['strace', '-D', '-f', ...killingWords(call)]).then(
        (killed) => killed.gone(),
        () => undefined,
      )
      expect(existsSync(join(directory, `${ISSUER}.crl.tmp`))).toBe(true)
      service = await started()
      await expectPublished()
      expect(watch.seen.at(-1)?.number).toBeGreaterThan(before)
      for (const serial of members.slice(0, whats.length).map((member) => member.serial)) {
        expect(await watch.revokedSerials()).toContain(serial)
      }
      await service.stop()
    })
  })
})

async function freshDatabase(undo: Undo): Promise<string> {
  const cluster = await startPostgresCluster()
  undo.add(() => cluster.stop())
  return cluster.createDatabase()
}

/** `users-1 1795000000` → SHA-256, of every CRL that was ever in force. */
async function publishedCrls({ configuration }: PreparedInstallation): Promise<ReadonlyMap<string, string>> {
  const rows = await query(configuration, 'select scope, number, sha256 from crl_history')
  return new Map(rows.map(({ scope, number, sha256 }) => [`${String(scope)} ${String(number)}`, String(sha256)]))
}

function indexOf(directory: string): readonly { readonly file: string; readonly sha256: string }[] {
  const { crls } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
    crls: { file: string; sha256: string }[]
  }
  return crls
}

/** A process writes every file at its start: what is not written yet, and what is in the middle of it. */
function unsettled(directory: string, startedAt: number): readonly string[] {
  const last = statSync(join(directory, 'index.json')).mtimeMs
  const writtenAt = (name: string): number => statSync(join(directory, name)).mtimeMs
  return [
    ...globSync('**/*.crl', { cwd: directory }).filter((name) => writtenAt(name) < startedAt || writtenAt(name) > last),
    ...globSync(['**/*.tmp', '.*-journal'], { cwd: directory }),
  ]
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
