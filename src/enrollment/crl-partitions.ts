// Opens partitions of an issuer's CRLs (ca/crl-partitions.ts): the first when the issuer is made, more when the policy asks for
// more than there are or when they are published at another place from now on. None is ever closed by hand: those before are
// published until their last certificate has ended (SECURITY rule 33).
import type { CrlPartition } from '../ca/crl-partitions.ts'
import { nextPartitions } from '../ca/crl-partitions.ts'
import { type Issuer, partitionUrl } from '../ca/issuer.ts'
import { addSeconds } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface WantedPartitions {
  /** `revocation.json`, per issuer. */
  readonly count: number
  readonly publicHttpUrl: string
}

/** What a process that has not seen the newer generation yet may still put into the one before. Polls are 200 ms apart. */
const SETTLED_AFTER_SECONDS = 3600

export function firstPartitions({ id }: Issuer, wanted: WantedPartitions, openedAt: Date): readonly CrlPartition[] {
  return newPartitions(id, [], wanted, openedAt)
}

/** Under a lock on the issuer: of two processes that start at once, one opens and the other finds them. */
export async function openPartitions(
  tx: UnitOfWork,
  issuers: readonly Issuer[],
  wanted: WantedPartitions,
  at: Date,
): Promise<void> {
  for (const { id } of issuers.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
    await tx.holdIssuer(id)
    const before = (await tx.crlPartitions()).filter(({ issuer }) => issuer === id)
    if (areEnough(before, wanted)) continue
    // Fewer than there are is no reason to begin anew, but those at a new place are as many as before.
    const count = Math.max(wanted.count, newestOf(before).length)
    await recordPartitions(tx, newPartitions(id, before, { ...wanted, count }, at), 'system')
  }
}

/** Rows, journal entry, change and audit event of partitions that belong together. */
export async function recordPartitions(
  tx: UnitOfWork,
  partitions: readonly CrlPartition[],
  actor: string,
): Promise<void> {
  const [first] = partitions
  if (first === undefined) return
  const { issuer, generation, number, openedAt: at } = first
  for (const partition of partitions) await tx.insertCrlPartition(partition)
  const urls = partitions.map(({ url }) => url)
  tx.journal({ kind: 'partitions', issuer, generation, first: number, urls, at: at.toISOString() })
  await tx.change({ kind: 'issuer', issuer })
  const details = { generation, first: number, count: partitions.length }
  await tx.audit({ at, actor, act: 'issuer.partitions', object: `issuer:${issuer}`, requestId: '', details })
}

/** Works out, once for each generation that is not the newest, when the last certificate in it ends. */
export async function settlePartitions(tx: UnitOfWork, at: Date): Promise<void> {
  const all = await tx.crlPartitions()
  for (const [issuer, ofIssuer] of Map.groupBy(all, (partition) => partition.issuer)) {
    const newest = newestOf(ofIssuer)
    const openedAt = newest[0]?.openedAt
    if (openedAt === undefined || at < addSeconds(openedAt, SETTLED_AFTER_SECONDS)) continue
    const older = ofIssuer.filter((partition) => !newest.includes(partition) && partition.endsAt === undefined)
    for (const [generation, partitions] of Map.groupBy(older, (partition) => partition.generation)) {
      await settle(tx, issuer, generation, partitions, at)
    }
  }
}

async function settle(
  tx: UnitOfWork,
  issuer: IssuerId,
  generation: number,
  partitions: readonly CrlPartition[],
  at: Date,
): Promise<void> {
  const numbers = partitions.map(({ number }) => number)
  const lastEnd = await tx.lastEndIn(issuer, { first: Math.min(...numbers), last: Math.max(...numbers) })
  await tx.endCrlPartitions(issuer, generation, lastEnd ?? at)
  await tx.change({ kind: 'issuer', issuer })
}

function areEnough(before: readonly CrlPartition[], { count, publicHttpUrl }: WantedPartitions): boolean {
  const newest = newestOf(before)
  if (newest.length < count) return false
  return newest.every(({ issuer, number, url }) => url === partitionUrl(publicHttpUrl, issuer, number))
}

function newestOf(partitions: readonly CrlPartition[]): readonly CrlPartition[] {
  const newest = Math.max(0, ...partitions.map(({ generation }) => generation))
  return partitions.filter(({ generation }) => generation === newest)
}

function newPartitions(
  issuer: IssuerId,
  before: readonly CrlPartition[],
  { count, publicHttpUrl }: WantedPartitions,
  openedAt: Date,
): readonly CrlPartition[] {
  return nextPartitions(issuer, before, {
    count,
    urlOf: (number) => partitionUrl(publicHttpUrl, issuer, number),
    openedAt,
  })
}
