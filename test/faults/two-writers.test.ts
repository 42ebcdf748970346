// Two processes on one database: every replica is equal (ARCHITECTURE.md, rule 7). Both issue and revoke at once; what one
// has revoked the other refuses within a second; no CRL number is used twice and no change number is missing.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { revokeCertificate } from '../../src/enrollment/revoke-certificate.ts'
import { postgresIsInstalled, postgresMayBeMissing, startPostgresCluster } from '../storage/postgres-cluster.ts'
import { freePorts } from '../support/test-service.ts'
import { CrlWatch } from './crl-watch.ts'
import { askAsMember, deploy } from './deployment.ts'
import { keptCertificates, keptChanges, keptCrls, keptJournal } from './kept-records.ts'
import { type Member, PreparedInstallation, PROJECT } from './prepared-installation.ts'
import { killLeftovers, ServiceProcess, SIGNET, SIGNET_ENVIRONMENT } from './service-process.ts'
import { Undo } from './undo.ts'

const ISSUER = 'users-1'

/** SECURITY.md: a change is in every other process within one second. */
const SEEN_WITHIN = { timeout: 1_000, interval: 10 }
const CRL_WITHIN = { timeout: 5_000, interval: 20 }

const ROUNDS = 20

describe('two processes', () => {
  const missing = !postgresIsInstalled()
  const skipped = missing && postgresMayBeMissing()

  describe.skipIf(skipped)(`on one PostgreSQL${skipped ? ' (skipped: postgresql-15 is not installed)' : ''}`, () => {
    const undo = new Undo()
    let installation: PreparedInstallation
    let one: ServiceProcess
    let other: ServiceProcess

    beforeAll(async () => {
      const cluster = await startPostgresCluster()
      undo.add(() => cluster.stop())
      installation = await PreparedInstallation.make({ database: await cluster.createDatabase(), members: ROUNDS })
      undo.add(() => installation.remove())
      undo.add(killLeftovers)
      one = await ServiceProcess.start(installation)
      undo.add(() => one.stop())
      other = await startSecond(installation)
      undo.add(() => other.stop())
      await deploy(one, installation)
    })
    afterAll(() => undo.all())

    test('what one revokes, the other refuses within a second', async () => {
      for (const [service, decider, member] of [
        [one, other, installation.members[0]],
        [other, one, installation.members[1]],
      ] as const) {
        if (member === undefined) throw new Error('too few members')
        // The deployment too came to the other process through the change log.
        await vi.waitFor(async () => expect(await reasonFor(decider, member)).toBe('ALLOWED'), SEEN_WITHIN)
        const revoked = await revoke(service, installation, member.serial)
        expect(revoked.status, revoked.text).toBe(200)
        await vi.waitFor(async () => expect(await reasonFor(decider, member)).toBe('CERT_REVOKED'), SEEN_WITHIN)
      }
    })

    test('both issue and revoke at once: numbers rise without a gap and without a collision', async () => {
      const watches = [one, other].map(({ httpUrl }) => new CrlWatch(httpUrl, ISSUER))
      const issued = await Promise.all(
        installation.members.slice(2).map(async (member, index) => {
          const [first, second] = index % 2 === 0 ? [one, other] : [other, one]
          const path = `/v1/projects/${PROJECT}/members/${member.name}/certificates`
          const answer = await first.post(path, { csr: member.csr }, member)
          expect(answer.status, answer.text).toBe(201)
          const serial = String(answer.json['serial'])
          // By the other process, which has not issued it.
          const revoked = await revoke(second, installation, serial)
          expect(revoked.status, revoked.text).toBe(200)
          await Promise.all(watches.map((watch) => watch.look()))
          return { serial, der: derOf(String(answer.json['certificate'])) }
        }),
      )
      for (const watch of watches) {
        await vi.waitFor(async () => {
          const published = await watch.revokedSerials()
          expect(issued.filter(({ serial }) => !published.has(serial))).toEqual([])
        }, CRL_WITHIN)
        expect(watch.faults).toEqual([])
      }
      await expectRecorded(installation, issued, watches)
    })

    test('both go on when the other is killed, and one that starts again takes up what it missed', async () => {
      const [, , member] = installation.members
      if (member === undefined) throw new Error('too few members')
      await other.kill()
      const revoked = await revoke(one, installation, member.serial)
      expect(revoked.status, revoked.text).toBe(200)
      other = await startSecond(installation)
      expect(await reasonFor(other, member)).toBe('CERT_REVOKED')
    })
  })

  describe('on one SQLite file', () => {
    const undo = new Undo()
    let installation: PreparedInstallation
    let service: ServiceProcess

    beforeAll(async () => {
      installation = await PreparedInstallation.make({ members: ROUNDS })
      undo.add(() => installation.remove())
      undo.add(killLeftovers)
      service = await ServiceProcess.start(installation)
      undo.add(() => service.stop())
      await deploy(service, installation)
    })
    afterAll(() => undo.all())

    test('an offline process revokes beside the running service, while both write', async () => {
      const watch = new CrlWatch(service.httpUrl, ISSUER)
      await watch.look()
      const [named, ...others] = installation.members
      if (named === undefined) throw new Error('too few members')
      expect(await reasonFor(service, named)).toBe('ALLOWED')
      const issued = await installation.beside(async (context) => {
        const offline = { caller: { kind: 'offline' }, origin: { requestId: '' }, reason: 'superseded' } as const
        await revokeCertificate(context, { ...offline, serial: parseSerialNumber(named.serial) })
        await vi.waitFor(async () => expect(await reasonFor(service, named)).toBe('CERT_REVOKED'), SEEN_WITHIN)
        return Promise.all(
          others.map(async (member) => {
            const path = `/v1/projects/${PROJECT}/members/${member.name}/certificates`
            const answer = await service.post(path, { csr: member.csr }, member)
            expect(answer.status, answer.text).toBe(201)
            const serial = String(answer.json['serial'])
            await revokeCertificate(context, { ...offline, serial: parseSerialNumber(serial) })
            return { serial, der: derOf(String(answer.json['certificate'])) }
          }),
        )
      })
      await vi.waitFor(async () => {
        const published = await watch.revokedSerials()
        expect(issued.filter(({ serial }) => !published.has(serial))).toEqual([])
        expect(published.has(named.serial)).toBe(true)
      }, CRL_WITHIN)
      expect(watch.faults).toEqual([])
      await expectRecorded(installation, issued, [watch])
    })

    test('`signet ceremony crl` beside the running service: it serves the new root CRL within a second', async () => {
      const watch = new CrlWatch(service.httpUrl, 'root-1')
      const before = await watch.look()
      const words = [
        'ceremony',
        'crl',
        '--config',
        installation.configFile,
        '--root',
        installation.rootFolder,
        '--json',
      ]
      const printed = await signet([...words, '--root-passphrase-file', installation.rootPassphraseFile])
      const { number } = JSON.parse(printed) as { readonly number: number }
      expect(number).toBeGreaterThan(before.number)
      await vi.waitFor(async () => expect((await watch.look()).number).toBe(number), SEEN_WITHIN)
      expect(watch.faults).toEqual([])
    })
  })
})

interface Issued {
  readonly serial: string
  readonly der: string
}

async function startSecond(installation: PreparedInstallation): Promise<ServiceProcess> {
  const [https, http, operations] = await freePorts(3)
  return ServiceProcess.start(installation, {
    flags: [
      ...['--listen', `127.0.0.1:${String(https)}`, '--listen-http', `127.0.0.1:${String(http)}`],
      ...['--listen-operations', `127.0.0.1:${String(operations)}`],
    ],
    url: `https://localhost:${String(https)}`,
    httpUrl: `http://localhost:${String(http)}`,
  })
}

async function signet(words: readonly string[]): Promise<string> {
  const [program = '', ...before] = SIGNET
  const { stdout } = await promisify(execFile)(program, [...before, ...words], { env: SIGNET_ENVIRONMENT })
  return stdout
}

async function reasonFor(service: ServiceProcess, member: Member): Promise<unknown> {
  return (await askAsMember(service, member)).json['reason']
}

function revoke(service: ServiceProcess, { admin }: PreparedInstallation, serial: string) {
  return service.post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' }, admin)
}

const derOf = (pem: string): string => new X509Certificate(pem).raw.toString('base64')

async function expectRecorded(
  { configuration }: PreparedInstallation,
  issued: readonly Issued[],
  watches: readonly CrlWatch[],
): Promise<void> {
  const kept = await keptCertificates(configuration)
  const journal = await keptJournal(configuration)
  expect(issued.filter(({ serial, der }) => kept.get(serial)?.der !== der)).toEqual([])
  expect(issued.filter(({ serial }) => kept.get(serial)?.status !== 'revoked')).toEqual([])
  expect(issued.filter(({ serial, der }) => journal.issued.get(serial) !== der)).toEqual([])
  expect(issued.filter(({ serial }) => !journal.revoked.has(serial))).toEqual([])
  const { numbers, counter } = await keptChanges(configuration)
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  expect(counter).toBe(numbers.length)
  const crls = await keptCrls(configuration, ISSUER)
  const recorded = new Map(crls.map(({ number, sha256 }) => [number, sha256]))
  const seen = watches.flatMap((watch) => watch.seen)
  expect(seen.filter(({ number, sha256 }) => recorded.get(number) !== sha256)).toEqual([])
  expect(crls.filter(({ thisUpdate }, index) => thisUpdate <= (crls[index - 1]?.thisUpdate ?? 0))).toEqual([])
}
