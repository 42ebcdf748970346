// A disk that is full and a database that is gone: nothing is stored that was not answered, decisions go on for as long as
// the snapshot can be confirmed and no longer, and everything recovers by itself (SECURITY.md rules 17, 30, 32).
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  postgresIsInstalled,
  postgresMayBeMissing,
  type PostgresCluster,
  startPostgresCluster,
} from '../storage/postgres-cluster.ts'
import type { Answer } from '../support/https-client.ts'
import { CuttableLink } from './cuttable-link.ts'
import { askAsMember, deploy } from './deployment.ts'
import { keptCertificates, keptChanges, keptJournal } from './kept-records.ts'
import { type Member, PreparedInstallation, PROJECT } from './prepared-installation.ts'
import { killLeftovers, ServiceProcess } from './service-process.ts'
import { Undo } from './undo.ts'

const MIB = 1024 * 1024

/** Retries of a batch end after five seconds; a snapshot is stale after as many (the defaults). */
const WITHIN = { timeout: 15_000, interval: 50 }

/** An installation, its service, and what every test here asks of them. */
class Scene {
  readonly installation: PreparedInstallation
  readonly service: ServiceProcess
  readonly member: Member

  private constructor(installation: PreparedInstallation, service: ServiceProcess, member: Member) {
    this.installation = installation
    this.service = service
    this.member = member
  }

  static async open(
    undo: Undo,
    preparation: Parameters<typeof PreparedInstallation.make>[0],
    running: { readonly database?: string } = {},
  ): Promise<Scene> {
    const installation = await PreparedInstallation.make({ members: 1, ...preparation })
    undo.add(() => installation.remove())
    undo.add(killLeftovers)
    const flags = running.database === undefined ? [] : ['--database', running.database]
    const service = await ServiceProcess.start(installation, { flags })
    undo.add(() => service.stop())
    const [member] = installation.members
    if (member === undefined) throw new Error('no member')
    const scene = new Scene(installation, service, member)
    await deploy(service, installation)
    return scene
  }

  issue(): Promise<Answer> {
    const { name, csr } = this.member
    return this.service.post(`/v1/projects/${PROJECT}/members/${name}/certificates`, { csr }, this.member)
  }

  /** The member asks about itself. */
  decide(): Promise<Answer> {
    return askAsMember(this.service, this.member)
  }

  revoke(serial: string): Promise<Answer> {
    return this.service.post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' }, this.member)
  }

  async kept(): Promise<{ readonly certificates: number; readonly changes: number }> {
    const { configuration } = this.installation
    const { numbers } = await keptChanges(configuration)
    return { certificates: (await keptCertificates(configuration)).size, changes: numbers.length }
  }

  /** Issuing works, and what it gave is in database and journal. */
  async expectIssues(): Promise<void> {
    const answer = await vi.waitFor(async () => {
      const issued = await this.issue()
      expect(issued.status, issued.text).toBe(201)
      return issued
    }, WITHIN)
    const serial = String(answer.json['serial'])
    const { configuration } = this.installation
    expect((await keptCertificates(configuration, [serial])).size).toBe(1)
    expect((await keptJournal(configuration)).issued.has(serial)).toBe(true)
  }

  async expectAllows(): Promise<void> {
    const { json, text } = await this.decide()
    expect(json['reason'], text).toBe('ALLOWED')
  }
}

function expectNothingDone(answer: Answer): void {
  expect(answer, answer.text).toMatchObject({ status: 503, code: 'storage_unavailable' })
}

// Only root may mount a small file system; in a container not even root. The limit on file sizes below needs neither.
const isRoot = process.getuid?.() === 0
const unmountable = !mayMount() && !(isRoot && process.env['CI'] === 'true')

describe.skipIf(unmountable)(`a full file system${unmountable ? ' (skipped: mount is not permitted)' : ''}`, () => {
  let folder: string
  const undo = new Undo()
  let scene: Scene
  const filler = (): string => join(folder, 'filler')

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signet-disk-'))
    undo.add(() => rmdirSync(folder))
    mountSmall(folder)
    undo.add(() => {
      execFileSync('umount', [folder])
    })
    scene = await Scene.open(undo, { dataFolder: join(folder, 'data') })
  })
  afterAll(() => undo.all())

  test('issuing and revoking answer 503 and store nothing, decisions go on, and all is well when there is space', async () => {
    await scene.expectIssues()
    fill(filler())
    // What the files hold already may take a few more: the log of the database is written over after a checkpoint.
    const refused = await vi.waitFor(async () => {
      const answer = await scene.issue()
      expect(answer.status).not.toBe(201)
      return answer
    }, WITHIN)
    expectNothingDone(refused)
    const kept = await scene.kept()
    expectNothingDone(await scene.issue())
    expectNothingDone(await scene.revoke(scene.member.serial))
    await scene.expectAllows()
    expect(await scene.kept()).toEqual(kept)

    rmSync(filler())
    await scene.expectIssues()
    await scene.expectAllows()
    expect((await keptJournal(scene.installation.configuration)).contradictions).toEqual([])
  })
})

describe('a limit on the size of files', () => {
  const undo = new Undo()
  let scene: Scene

  beforeAll(async () => {
    scene = await Scene.open(undo, {})
  })
  afterAll(() => undo.all())

  /** As `ulimit -f`, from outside: writing past it fails with EFBIG. Only the soft limit, so that it can be lifted. */
  const limitFiles = (bytes: number | 'unlimited'): void => {
    execFileSync('prlimit', ['--pid', String(scene.service.pid), `--fsize=${String(bytes)}:unlimited`])
  }

  test('a journal that cannot grow: 503, nothing is stored, decisions go on, and it recovers', async () => {
    await scene.expectIssues()
    const kept = await scene.kept()
    // In the middle of the next line, so that a torn one is left behind.
    limitFiles(statSync(scene.installation.configuration.journal).size + 100)
    expectNothingDone(await scene.issue())
    expectNothingDone(await scene.revoke(scene.member.serial))
    await scene.expectAllows()
    expect(await scene.kept()).toEqual(kept)

    limitFiles('unlimited')
    await scene.expectIssues()
    await scene.expectAllows()
  })

  test('a database that cannot grow: the same, or the outcome is said to be unknown', async () => {
    await scene.expectIssues()
    const { database } = scene.installation.configuration
    const log = database.kind === 'sqlite' ? `${database.path}-wal` : ''
    limitFiles(statSync(log).size)
    const refused = await scene.issue()
    expect(refused.status, refused.text).toBe(503)
    expect(['storage_unavailable', 'commit_unknown']).toContain(refused.code)
    await scene.expectAllows()

    limitFiles('unlimited')
    await scene.expectIssues()
    const { numbers, counter } = await keptChanges(scene.installation.configuration)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(counter).toBe(numbers.length)
  })
})

describe('a SQLite file that another process will not let go of', () => {
  const undo = new Undo()
  let scene: Scene

  beforeAll(async () => {
    scene = await Scene.open(undo, {})
  })
  afterAll(() => undo.all())

  test('issuing gives up with 503 and stores nothing, decisions go on, and it recovers', async () => {
    const { database } = scene.installation.configuration
    const other = new Database(database.kind === 'sqlite' ? database.path : '')
    try {
      const kept = await scene.kept()
      other.exec('begin immediate')
      const refused = scene.issue()
      // While the act is tried again and again.
      await scene.expectAllows()
      expectNothingDone(await refused)
      await scene.expectAllows()
      other.exec('rollback')
      expect(await scene.kept()).toEqual(kept)
      await scene.expectIssues()
    } finally {
      other.close()
    }
  })
})

const missing = !postgresIsInstalled()
const skipped = missing && postgresMayBeMissing()

describe.skipIf(skipped)(
  `a PostgreSQL that is gone${skipped ? ' (skipped: postgresql-15 is not installed)' : ''}`,
  () => {
    let cluster: PostgresCluster
    let link: CuttableLink
    const undo = new Undo()
    let scene: Scene

    beforeAll(async () => {
      cluster = await startPostgresCluster()
      undo.add(() => cluster.stop())
      const database = await cluster.createDatabase()
      const { hostname: host, port } = new URL(database)
      link = await CuttableLink.to({ host, port: Number(port) })
      undo.add(() => link.close())
      const linked = new URL(database)
      linked.port = String(link.port)
      scene = await Scene.open(
        undo,
        { database, settings: { limits: { snapshotAge: '2s' } } },
        { database: linked.href },
      )
    })
    afterAll(() => undo.all())

    const readOnly = async (state: 'on' | 'off'): Promise<void> => {
      await cluster.query(`alter system set default_transaction_read_only = ${state}`)
      await cluster.query('select pg_reload_conf()')
    }

    test('decisions stop when the snapshot is too old, and everything comes back with the database', async () => {
      await scene.expectIssues()
      await scene.expectAllows()
      const kept = await scene.kept()
      link.cut()
      await vi.waitFor(async () => {
        const decision = await scene.decide()
        const reason = decision.json['reason'] ?? (decision.json['facts'] as { reason?: unknown } | undefined)?.reason
        expect(reason, decision.text).toBe('SNAPSHOT_STALE')
      }, WITHIN)
      const refused = await scene.issue()
      expect(refused.status, refused.text).toBe(503)
      expect(await scene.kept()).toEqual(kept)

      link.mend()
      await vi.waitFor(() => scene.expectAllows(), WITHIN)
      await scene.expectIssues()
    })

    test('a server that crashes and recovers from its log has everything that was answered', async () => {
      await scene.expectIssues()
      await cluster.crash()
      await vi.waitFor(() => scene.expectAllows(), WITHIN)
      await scene.expectIssues()
      const { certificates } = await scene.kept()
      const journal = await keptJournal(scene.installation.configuration)
      expect(certificates).toBeLessThanOrEqual(journal.issued.size)
    })

    test('a database that has become read-only: 503, nothing is stored, decisions go on, and it recovers', async () => {
      const kept = await scene.kept()
      await readOnly('on')
      await vi.waitFor(async () => expectNothingDone(await scene.issue()), WITHIN)
      expectNothingDone(await scene.revoke(scene.member.serial))
      await scene.expectAllows()
      const now = await scene.kept()
      await readOnly('off')
      await scene.expectIssues()
      // Until the server had read its new setting, a certificate may still have been issued.
      expect(now.changes).toBe(kept.changes)
    })
  },
)

function mountSmall(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'signet-test', folder], { stdio: 'pipe' })
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'signet-mount-'))
  try {
    mountSmall(folder)
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}

/** Takes every byte that is left. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (let bytes = MIB; bytes >= 1; bytes = Math.floor(bytes / 2)) writeUntilFull(file, Buffer.alloc(bytes))
  } finally {
    closeSync(file)
  }
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}
