// Partitions of an issuer's revocations: each certificate names the one CRL that it may be listed on, so that a relying party
// need not fetch all of them (CP §4.9.7; RFC 5280 §4.2.1.13, §5.2.5). A partition keeps its number and its URL for ever. Raising
// the count opens a new generation of partitions with numbers of their own; the certificates of the one before stay where they
// are. The complete CRL lists all of them, whatever partition they are in.
import { addSeconds } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { SerialNumber } from '../domain/serial-number.ts'

export interface CrlPartition {
  readonly issuer: IssuerId
  /** From 1, never given again within its issuer: the `3` of `/pki/crl/users-1/3.crl`. */
  readonly number: number
  /** Partitions that were opened together. */
  readonly generation: number
  /** As it stands in certificates and in the CRL itself, byte for byte. */
  readonly url: string
  readonly openedAt: Date
  /** No certificate in it ends after this. Absent while certificates may be added, and until it is known. */
  readonly endsAt?: Date
}

export interface PartitionStore {
  /** Locks the row of an issuer: who opens partitions waits for whoever opened some before. */
  holdIssuer(issuer: IssuerId): Promise<void>
  /** Every one that ever was, by issuer and number. */
  crlPartitions(): Promise<readonly CrlPartition[]>
  /** Throws when a number is taken. */
  insertCrlPartition(partition: CrlPartition): Promise<void>
  /** The end of the last certificate in these partitions of an issuer; undefined without one. */
  lastEndIn(issuer: IssuerId, numbers: { readonly first: number; readonly last: number }): Promise<Date | undefined>
  endCrlPartitions(issuer: IssuerId, generation: number, endsAt: Date): Promise<void>
}

const NONE: readonly CrlPartition[] = []

/** Octets of the serial that choose: of its 128 random bits, so each partition gets its share. */
const CHOOSING_HEX_DIGITS = 8

/** The partition of a certificate with that serial; undefined when there are none. */
export function partitionOf(open: readonly CrlPartition[], serial: SerialNumber | string): CrlPartition | undefined {
  if (open.length === 0) return undefined
  return open[Number.parseInt(serial.slice(-CHOOSING_HEX_DIGITS), 16) % open.length]
}

/** What this process knows of the partitions of every issuer. */
export class CrlPartitions {
  readonly #all = new Map<IssuerId, readonly CrlPartition[]>()
  /** Those that certificates are put into: the newest generation of each issuer. */
  readonly #open = new Map<IssuerId, readonly CrlPartition[]>()

  /** Takes the place of what was known of these issuers. */
  load(partitions: readonly CrlPartition[]): void {
    for (const [issuer, ofIssuer] of Map.groupBy(partitions, (partition) => partition.issuer)) {
      const sorted = ofIssuer.toSorted((one, other) => one.number - other.number)
      const newest = Math.max(...sorted.map(({ generation }) => generation))
      this.#all.set(issuer, sorted)
      this.#open.set(
        issuer,
        sorted.filter(({ generation }) => generation === newest),
      )
    }
  }

  /** By number; empty for an issuer whose certificates name the complete CRL. */
  open(issuer: IssuerId): readonly CrlPartition[] {
    return this.#open.get(issuer) ?? NONE
  }

  all(issuer: IssuerId): readonly CrlPartition[] {
    return this.#all.get(issuer) ?? NONE
  }

  get(issuer: IssuerId, number: number): CrlPartition | undefined {
    return this.all(issuer).find((partition) => partition.number === number)
  }

  /**
   * Those that have a CRL at `at`: until the last certificate has ended and been on a CRL after its end, for which entries are
   * kept `keptSeconds` (`expiredEntriesKeptSeconds`).
   */
  published(issuer: IssuerId, at: Date, keptSeconds: number): readonly CrlPartition[] {
    return this.all(issuer).filter(({ endsAt }) => endsAt === undefined || at <= addSeconds(endsAt, keptSeconds))
  }
}

/** A generation of partitions after those that an issuer has. `urlOf`: where the CRL of a number is published. */
export function nextPartitions(
  issuer: IssuerId,
  before: readonly CrlPartition[],
  given: { readonly count: number; readonly urlOf: (number: number) => string; readonly openedAt: Date },
): readonly CrlPartition[] {
  const first = Math.max(0, ...before.map(({ number }) => number)) + 1
  const generation = Math.max(0, ...before.map((partition) => partition.generation)) + 1
  return Array.from({ length: given.count }, (_, index) => {
    const number = first + index
    return { issuer, number, generation, url: given.urlOf(number), openedAt: given.openedAt }
  })
}
