// SIGKILL at any moment of fifty parallel issues (SECURITY.md rules 17, 29, 31, 32): what a client was told is in the
// database and in the journal, no serial is told twice, CRL numbers rise, and the service starts again and serves.
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { postgresIsInstalled, postgresMayBeMissing, startPostgresCluster } from '../storage/postgres-cluster.ts'
import { CrlWatch } from './crl-watch.ts'
import { keptCertificates, keptChanges, keptCrls, keptJournal, query } from './kept-records.ts'
import { type Connections, type Load, startLoad, Told } from './load.ts'
import { PreparedInstallation } from './prepared-installation.ts'
import { seededRandom } from './seeded-random.ts'
import { killLeftovers, ServiceProcess } from './service-process.ts'
import { Undo } from './undo.ts'

const KILLS = 50
const CLIENTS = 50

/** From the first request to the kill, in milliseconds. */
const EARLIEST = 5
const LATEST = 300

/** Answers before the kill. */
const MOST_ANSWERS = 150

const CRL_WITHIN_MILLISECONDS = 5_000
/** After so many kills the CRL has caught up: there is one a second at most, and more kills on a quick machine. */
const KILLS_TO_A_CRL = 5
const ISSUER = 'users-1'

/** Stands in the name of the test; `SIGNET_FAULT_SEED` gives it again. */
const SEED = Number(process.env['SIGNET_FAULT_SEED'] ?? randomInt(1, 2 ** 31))

describe.each(['sqlite', 'postgres'] as const)('SIGKILL under load, on %s', (kind) => {
  const missing = kind === 'postgres' && !postgresIsInstalled()
  const skipped = missing && postgresMayBeMissing()
  const undo = new Undo()
  let installation: PreparedInstallation

  beforeAll(async () => {
    if (skipped) return
    const database = kind === 'postgres' ? await freshDatabase(undo) : undefined
    installation = await PreparedInstallation.make({
      members: CLIENTS,
      ...(database === undefined ? {} : { database }),
    })
    undo.add(() => installation.remove())
    undo.add(killLeftovers)
  })
  afterAll(() => undo.all())

  test.skipIf(skipped)(
    `${KILLS} kills take back nothing that a client was told (seed ${SEED})`,
    { timeout: 600_000 },
    async () => {
      const random = seededRandom(SEED)
      const told = new Told()
      const watch = new CrlWatch(installation.configuration.publicHttpUrl, ISSUER)
      let service = await ServiceProcess.start(installation)
      for (let kill = 1; kill <= KILLS; kill += 1) {
        const moment = momentOf(random)
        const before = { issued: told.issued.size, revoked: told.revoked.size }
        await killAt(moment, service, await startLoad(service, installation, moment.connections, told), watch)
        service = await ServiceProcess.start(installation)
        await watch.look()
        const context = `kill ${kill} of seed ${SEED}, ${JSON.stringify(moment)}`
        expect(told.unexpected, context).toEqual([])
        expect(told.repeated, context).toEqual([])
        expect(watch.faults, context).toEqual([])
        await expectKept(installation, told, before, context)
        if (kill % KILLS_TO_A_CRL === 0) await expectListed(told, watch)
      }
      await expectAllKept(installation, told)
      await expectPublished(installation, told, watch)
      expect(service.log).toBe('')
      // A test in which nothing was issued between the kills shows nothing.
      expect(told.issued.size).toBeGreaterThan(KILLS * 10)
      expect(told.revoked.size).toBeGreaterThan(KILLS)
      expect(watch.seen.length).toBeGreaterThanOrEqual(KILLS / KILLS_TO_A_CRL)
      await service.stop()
    },
  )
})

async function freshDatabase(undo: Undo): Promise<string> {
  const cluster = await startPostgresCluster()
  undo.add(() => cluster.stop())
  return cluster.createDatabase()
}

type KillMoment =
  | { readonly connections: Connections; readonly afterMilliseconds: number }
  | { readonly connections: 'open'; readonly afterAnswers: number }

/** Amid the handshakes, at an instant of the load, or among the answers, which come late on a slow machine. */
function momentOf(random: () => number): KillMoment {
  const kind = random()
  const afterMilliseconds = EARLIEST + Math.floor(random() * (LATEST - EARLIEST))
  if (kind < 0.2) return { connections: 'new', afterMilliseconds }
  if (kind < 0.6) return { connections: 'open', afterMilliseconds }
  return { connections: 'open', afterAnswers: 1 + Math.floor(random() * MOST_ANSWERS) }
}

async function killAt(moment: KillMoment, service: ServiceProcess, load: Load, watch: CrlWatch): Promise<void> {
  const watching = watch.untilGone()
  // No condition stands for this delay: the instant itself is what is tested.
  await ('afterAnswers' in moment ? load.answered(moment.afterAnswers) : delay(moment.afterMilliseconds))
  load.expectTheEnd()
  await service.kill()
  await Promise.all([load.over, watching])
}

/** What was told since `before` is in the database and in the journal. */
async function expectKept(
  { configuration }: PreparedInstallation,
  told: Told,
  before: { readonly issued: number; readonly revoked: number },
  context: string,
): Promise<void> {
  const issued = [...told.issued].slice(before.issued)
  const revoked = [...told.revoked].slice(before.revoked)
  const serials = [...issued.map(([serial]) => serial), ...revoked]
  const kept = await keptCertificates(configuration, serials)
  const journal = await keptJournal(configuration)
  expect(
    issued.filter(([serial, der]) => kept.get(serial)?.der !== der),
    `${context}: not in the database`,
  ).toEqual([])
  expect(
    issued.filter(([serial, der]) => journal.issued.get(serial) !== der),
    `${context}: not in the journal`,
  ).toEqual([])
  expect(
    revoked.filter((serial) => kept.get(serial)?.status !== 'revoked'),
    `${context}: revocation lost`,
  ).toEqual([])
  expect(
    revoked.filter((serial) => !journal.revoked.has(serial)),
    `${context}: revocation not in the journal`,
  ).toEqual([])
}

/** At the end everything is looked at once more: a later crash must not take back what an earlier one left. */
async function expectAllKept({ configuration }: PreparedInstallation, told: Told): Promise<void> {
  const kept = await keptCertificates(configuration)
  const journal = await keptJournal(configuration)
  expect([...told.issued].filter(([serial, der]) => kept.get(serial)?.der !== der)).toEqual([])
  expect([...told.revoked].filter((serial) => kept.get(serial)?.status !== 'revoked')).toEqual([])
  expect(journal.contradictions).toEqual([])
  // The journal is synced first: it may tell of more than the database, never of less.
  expect([...kept].filter(([serial, { der }]) => journal.issued.get(serial) !== der)).toEqual([])
  const { numbers, counter } = await keptChanges(configuration)
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  expect(counter).toBe(numbers.length)
  if (configuration.database.kind === 'sqlite') {
    expect(await query(configuration, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
    expect(await query(configuration, 'pragma foreign_key_check')).toEqual([])
  }
}

async function expectListed(told: Told, watch: CrlWatch): Promise<void> {
  await vi.waitFor(
    async () => {
      const published = await watch.revokedSerials()
      expect([...told.revoked].filter((serial) => !published.has(serial))).toEqual([])
    },
    { timeout: CRL_WITHIN_MILLISECONDS, interval: 50 },
  )
}

/** Every CRL that was ever met is one that was recorded, and the last one names every revocation that was told. */
async function expectPublished({ configuration }: PreparedInstallation, told: Told, watch: CrlWatch): Promise<void> {
  await expectListed(told, watch)
  expect(watch.faults).toEqual([])
  const kept = await keptCrls(configuration, ISSUER)
  expect(kept.filter(({ thisUpdate }, index) => thisUpdate <= (kept[index - 1]?.thisUpdate ?? 0))).toEqual([])
  const recorded = new Map(kept.map(({ number, sha256 }) => [number, sha256]))
  expect(watch.seen.filter(({ number, sha256 }) => recorded.get(number) !== sha256)).toEqual([])
}
