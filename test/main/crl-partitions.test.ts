// Partitions over the running service: what is stored with a certificate, what a policy that asks for more of them does, and
// what never changes (SECURITY rule 33).
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CrlPartition } from '../../src/ca/crl-partitions.ts'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseIssuerId } from '../../src/domain/issuer-id.ts'
import type { JournalEntry } from '../../src/domain/journal-entry.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { settlePartitions } from '../../src/enrollment/crl-partitions.ts'
import {
  NOBODY,
  type OpenInstallation,
  openDuePartitions,
  openInstallation,
  OWN_POLICY_FOLDER,
} from '../../src/main/installation.ts'
import { readJournal } from '../../src/storage/journal.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

const DEFAULT_COUNT = 8

function urlIn({ certificate }: Pick<Certified, 'certificate'>): string {
  const [der = new Uint8Array()] = parsePemBundle(certificate, 'CERTIFICATE')
  return crlUris(parseCertificate(der).tbs.crlDistributionPoints ?? []).join()
}

async function opened<Result>(
  service: TestService,
  act: (installation: OpenInstallation) => Promise<Result>,
  changes: Partial<TestService['configuration']> = {},
): Promise<Result> {
  const installation = await openInstallation({ ...service.configuration, ...changes }, NOBODY)
  try {
    return await act(installation)
  } finally {
    await installation.storage.close()
  }
}

function partitionsOf(service: TestService, issuer: string): Promise<readonly CrlPartition[]> {
  return opened(service, async ({ storage }) =>
    (await storage.run((tx) => tx.crlPartitions())).filter((partition) => partition.issuer === issuer),
  )
}

function recordOf(service: TestService, { serial }: Certified) {
  return opened(service, ({ storage }) => storage.run((tx) => tx.certificate(parseSerialNumber(serial), 'none')))
}

async function journalOf(service: TestService): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = []
  for await (const line of readJournal(service.configuration.journal)) {
    if (line.kind === 'entry') entries.push(line.entry)
  }
  return entries
}

/** The project's policy with another count. */
function policyWith(service: TestService, count: number): string {
  const folder = join(service.folder, `policy-${String(count)}`)
  cpSync(OWN_POLICY_FOLDER, folder, { recursive: true })
  const path = join(folder, 'revocation.json')
  const policy = JSON.parse(readFileSync(path, 'utf8')) as { crl: { partitionsPerIssuer: { value: number } } }
  policy.crl.partitionsPerIssuer.value = count
  writeFileSync(path, JSON.stringify(policy))
  return folder
}

onBothStores(
  'partitions',
  () => ({}),
  (running) => {
    let owner: Certified

    test('are opened with the CA: as many as the policy says, each with its URL, none for the root', async () => {
      const service = running()
      for (const issuer of ['users-1', 'services-1']) {
        const partitions = await partitionsOf(service, issuer)
        expect(partitions.map(({ number, generation }) => [number, generation])).toEqual(
          Array.from({ length: DEFAULT_COUNT }, (_, index) => [index + 1, 1]),
        )
        expect(partitions.map(({ url }) => url)).toEqual(
          partitions.map(({ number }) => `${service.httpUrl}/pki/crl/${issuer}/${String(number)}.crl`),
        )
      }
      expect(await partitionsOf(service, 'root-1')).toEqual([])
      const begun = (await journalOf(service)).filter((entry) => entry.kind === 'partitions')
      expect(begun.map(({ issuer }) => issuer).sort()).toEqual(['services-1', 'users-1'])
    })

    test('number and URL are stored with the certificate, and the journal has the number', async () => {
      const service = running()
      owner = await service.addProject('vision', 'owner')
      const record = await recordOf(service, owner)
      const partition = (await partitionsOf(service, 'users-1')).find(({ number }) => number === record?.crlPartition)
      expect(partition?.url).toBe(urlIn(owner))
      expect(await journalOf(service)).toContainEqual(
        expect.objectContaining({ kind: 'issued', serial: owner.serial, partition: partition?.number }),
      )
      // The first administrator's was issued before there was a database.
      expect(urlIn(service.admin)).toMatch(new RegExp(`^${service.httpUrl}/pki/crl/users-1/[1-8]\\.crl$`))
    })

    test('a revocation says which: in the change log, and in the state that a process starts from', async () => {
      const service = running()
      const member = await service.addMember('vision', 'alice', owner)
      expectStatus(await service.post(`/v1/certificates/${member.serial}/revoke`, { reason: 'superseded' }, owner), 200)
      const partition = (await recordOf(service, member))?.crlPartition
      expect(partition).toBeGreaterThan(0)
      const wanted = expect.objectContaining({ kind: 'revocation', serial: member.serial, partition }) as unknown
      const { log, state } = await opened(service, async ({ storage }) => ({
        log: (await storage.changesAfter(0, 100_000)).map(({ change }) => change),
        state: (await storage.readState()).changes,
      }))
      expect(log).toContainEqual(wanted)
      expect(state).toContainEqual(wanted)
    })

    test('fewer than there are changes nothing', async () => {
      const service = running()
      await service.stop()
      await service.restart({ policyFolder: policyWith(service, 3) })
      expect(await partitionsOf(service, 'users-1')).toHaveLength(DEFAULT_COUNT)
    })

    test('more of them are new ones; certificates from before stay where they are', async () => {
      const service = running()
      const before = await recordOf(service, owner)
      await service.stop()
      const policyFolder = policyWith(service, 12)
      await service.restart({ policyFolder })
      const partitions = await partitionsOf(service, 'users-1')
      expect(partitions.map(({ number, generation }) => [number, generation])).toEqual([
        ...Array.from({ length: DEFAULT_COUNT }, (_, index) => [index + 1, 1]),
        ...Array.from({ length: 12 }, (_, index) => [DEFAULT_COUNT + index + 1, 2]),
      ])
      expect(await recordOf(service, owner)).toEqual(before)
      const member = await service.addMember('vision', 'bruno', owner)
      const number = (await recordOf(service, member))?.crlPartition ?? 0
      expect(number).toBeGreaterThan(DEFAULT_COUNT)
      expect(urlIn(member)).toBe(`${service.httpUrl}/pki/crl/users-1/${String(number)}.crl`)
      // Again the same policy: there are enough.
      await service.stop()
      await service.restart({ policyFolder })
      expect(await partitionsOf(service, 'users-1')).toHaveLength(DEFAULT_COUNT + 12)
    })

    test('another public URL is for new ones; what was published somewhere stays there', async () => {
      const service = running()
      const before = await partitionsOf(service, 'users-1')
      await service.stop()
      await service.restart({ publicHttpUrl: 'http://pki.elsewhere.internal' })
      const after = await partitionsOf(service, 'users-1')
      expect(after.slice(0, before.length)).toEqual(before)
      expect(after.slice(before.length).map(({ number, url }) => [number, url])).toEqual(
        Array.from({ length: 12 }, (_, index) => [
          before.length + index + 1,
          `http://pki.elsewhere.internal/pki/crl/users-1/${String(before.length + index + 1)}.crl`,
        ]),
      )
      await service.stop()
    })

    test('two processes that start at once open them once', async () => {
      const service = running()
      const before = (await partitionsOf(service, 'users-1')).length
      const changes = { publicHttpUrl: 'http://pki.third.internal' }
      await opened(
        service,
        (one) =>
          opened(
            service,
            async (other) => {
              await Promise.all([openDuePartitions(one), openDuePartitions(other)])
            },
            changes,
          ),
        changes,
      )
      expect(await partitionsOf(service, 'users-1')).toHaveLength(before + 12)
    })

    describe('of a generation that is not the newest', () => {
      test('are published until their last certificate has ended, and a day longer', async () => {
        const service = running()
        await opened(service, async ({ storage, means, policy }) => {
          const newest = (await storage.run((tx) => tx.crlPartitions())).at(-1)?.openedAt ?? new Date(0)
          const read = async () => {
            const partitions = await storage.run((tx) => tx.crlPartitions())
            return partitions.filter(({ issuer }) => issuer === 'users-1')
          }
          const generation = async (n: number) => (await read()).filter((partition) => partition.generation === n)
          // A process that has not heard of the newer ones yet may still put certificates into them.
          await storage.run((tx) => settlePartitions(tx, addSeconds(newest, 3599)))
          expect((await read()).every(({ endsAt }) => endsAt === undefined)).toBe(true)
          await storage.run((tx) => settlePartitions(tx, addSeconds(newest, 3600)))

          const [first, second] = [await generation(1), await generation(2)]
          const ends = (await recordOf(service, owner))?.validity.notAfter ?? new Date(0)
          const lastOf = (partitions: readonly CrlPartition[]) =>
            new Set(partitions.map(({ endsAt }) => endsAt?.getTime()))
          expect(lastOf(first).size).toBe(1)
          expect(first[0]?.endsAt?.getTime()).toBeGreaterThanOrEqual(ends.getTime())
          expect(lastOf(second).size).toBe(1)
          expect((await generation(4)).every(({ endsAt }) => endsAt === undefined)).toBe(true)

          means.partitions.load(await read())
          const kept = policy.revocation.crl.expiredEntriesKeptSeconds
          const publishedAt = (at: Date) => means.partitions.published(parseIssuerId('users-1'), at, kept)
          const end = first[0]?.endsAt ?? new Date(0)
          expect(publishedAt(addSeconds(end, kept)).some((partition) => partition.generation === 1)).toBe(true)
          expect(publishedAt(addSeconds(end, kept + 1)).some((partition) => partition.generation === 1)).toBe(false)
          expect(publishedAt(addSeconds(end, 10 * kept + 1)).some((partition) => partition.generation === 4)).toBe(true)
        })
      })
    })
  },
)
