// A publisher on real storage, with a clock that moves when the test says so.
import { sign } from 'node:crypto'
import type { CertificateRecord } from '../../src/ca/inventory.ts'
import type { Clock } from '../../src/domain/clock.ts'
import type { CrlIssuer } from '../../src/revocation/crl-issuer.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { CrlLedger } from '../../src/revocation/crl-ledger.ts'
import { CrlPublisher } from '../../src/revocation/crl-publisher.ts'
import { CrlRebuilder } from '../../src/revocation/crl-rebuilder.ts'
import { CrlShelf } from '../../src/revocation/crl-shelf.ts'
import type { Revocation } from '../../src/revocation/issuer-entries.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { makeHierarchy, POLICY } from '../ca/test-hierarchy.ts'
import { NOW, type TestDatabase } from '../storage/databases.ts'
import { certificate, serial } from '../storage/fixtures.ts'

export const { users, services } = await makeHierarchy()
export const USERS = users.issuer.id

export const crlIssuer = (
  { issuer, key }: typeof users,
  partitions: readonly number[] = [],
  host = 'pki.internal',
): CrlIssuer => ({
  id: issuer.id,
  name: issuer.subject,
  keyIdentifier: issuer.keyIdentifier,
  deltaUrl: `http://${host}/pki/crl/${issuer.id}/delta.crl`,
  partitions: partitions.map((number) => ({
    number,
    url: `http://${host}/pki/crl/${issuer.id}/${String(number)}.crl`,
  })),
  signer: {
    purpose: 'crl',
    algorithm: 'ec-p256',
    publicKey: key.publicKey.spki,
    sign: async (bytes) => sign('sha256', bytes, key.privateKey),
  },
})

export class HeldClock implements Clock {
  #passed = 0
  #setBack = 0

  now(): Date {
    return new Date(NOW.getTime() + (this.#passed - this.#setBack) * 1000)
  }

  monotonicMilliseconds(): number {
    return this.#passed * 1000
  }

  pass(seconds: number): void {
    this.#passed += seconds
  }

  setBack(seconds: number): void {
    this.#setBack += seconds
  }
}

export interface Publishing {
  readonly publisher: CrlPublisher
  readonly ledger: CrlLedger
  readonly shelf: CrlShelf
  readonly storage: Storage
  /** Issuers of which this process has published something. */
  readonly rounds: readonly IssuerId[]
  /** Puts in force what others have published. */
  takeUp(): Promise<void>
}

export async function openPublisher(
  database: TestDatabase,
  clock: Clock,
  issuers: readonly CrlIssuer[] = [crlIssuer(users)],
): Promise<Publishing> {
  const ledger = new CrlLedger()
  const shelf = new CrlShelf()
  const rebuilder = new CrlRebuilder(ledger, shelf, () => issuers)
  const { storage } = await database.open({ clock, onCommitted: (changes) => ledger.apply(changes) })
  const { changes, seq } = await storage.readState()
  ledger.load(changes, seq)
  ledger.recall(await storage.changesAfter(0, 100_000), 0)
  const takeUp = async (): Promise<void> => {
    for (const { id } of issuers) {
      for (const record of await storage.run((tx) => tx.latestCrls(id))) await rebuilder.takeUp(record)
    }
  }
  await takeUp()
  const rounds: IssuerId[] = []
  const publisher = new CrlPublisher({
    transactions: storage,
    ledger,
    shelf,
    rebuilder,
    policy: POLICY.revocation.crl,
    clock,
    issuers: () => issuers,
    onPublished: ({ issuer }) => rounds.push(issuer),
  })
  return { publisher, ledger, shelf, storage, takeUp, rounds }
}

export async function change(
  { storage }: Publishing,
  clock: Clock,
  n: number,
  status: Revocation['status'] = 'revoked',
  more: Partial<Revocation> = {},
): Promise<void> {
  await storage.run((tx) => tx.change(revocation(clock, n, status, more)))
}

function revocation(clock: Clock, n: number, status: Revocation['status'], more: Partial<Revocation>): Revocation {
  const now = clock.now().getTime()
  const reason = status === 'revoked' ? 'superseded' : 'certificateHold'
  const times = { revokedAt: now, notAfter: now + 90 * 86_400_000 }
  return { kind: 'revocation', issuer: USERS, serial: serial(n), status, reason, ...times, ...more }
}

/** Revoked certificates with all that is known of them, in one act. */
export async function revokeMany(
  { storage }: Publishing,
  clock: Clock,
  numbers: readonly number[],
  crlPartition: number,
): Promise<void> {
  await storage.run(async (tx) => {
    for (const n of numbers) {
      const { reason, notAfter, ...told } = revocation(clock, n, 'revoked', { partition: crlPartition })
      const record: CertificateRecord = certificate(n, {
        status: 'revoked',
        revokedAt: new Date(told.revokedAt),
        reason,
        crlPartition,
        validity: { notBefore: clock.now(), notAfter: new Date(notAfter) },
      })
      await tx.insertCertificate(record)
      await tx.change({ ...told, reason, notAfter })
    }
  })
}
