// CAs and CRLs from a Signet service. Its index of CRLs says what there is; each CRL is fetched when its number has risen. While the feed
// of revocations is heard, large CRLs are left for later: what they would say is known already.
import { parseIssuerId, type IssuerId } from '../../domain/issuer-id.ts'
import { MAX_CRL_BYTES } from '../../x509/crl.ts'
import type { ServiceLine } from './ask-service.ts'
import { EvidenceUnreadable } from './evidence-file.ts'
import type { EvidenceSink } from './evidence-sink.ts'
import { dateIn, membersOf, numberIn, textIn } from './json-members.ts'
import type { GivenAuthority } from './peer-authorities.ts'

const INDEX = '/pki/crl'
const MAX_INDEX_BYTES = 16 * 1024 * 1024
const MAX_CERTIFICATE_BYTES = 64 * 1024

/** Smaller CRLs cost nothing to fetch whenever they change. */
const SMALL_CRL_BYTES = 1024 * 1024

/** Partitions and deltas of all issuers, and room. */
const MAX_ROWS = 20_000

/** `due`: what must be fetched; `all`: everything whose number has risen. */
export type Extent = 'due' | 'all'

interface IndexRow {
  readonly issuer: IssuerId
  readonly number: bigint
  readonly bytes: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

export class ServiceSource {
  readonly #line: ServiceLine
  readonly #sink: EvidenceSink
  readonly #now: () => Date
  /** By issuer, the CA certificates that were fetched: they never change. */
  readonly #authorities = new Map<IssuerId, Uint8Array>()
  /** When the CRL that is held of an issuer is to be replaced, news or not. */
  readonly #dueAt = new Map<IssuerId, number>()

  constructor(line: ServiceLine, sink: EvidenceSink, now: () => Date) {
    this.#line = line
    this.#sink = sink
    this.#now = now
  }

  /** Throws `EvidenceUnreadable`, and what the CAs that are offered are refused with. */
  async refresh(extent: Extent, signal: AbortSignal): Promise<void> {
    const rows = readIndex(await this.#line.get(INDEX, MAX_INDEX_BYTES, signal))
    await this.#fetchAuthorities(rows, signal)
    const fetches: Promise<void>[] = []
    for (const row of rows) {
      if (!this.#wants(row, extent)) continue
      const fetch = this.#fetchCrl(row, signal)
      fetches.push(fetch)
      // One that is refused keeps none of those after it back.
      await Promise.allSettled([fetch])
    }
    await Promise.all(fetches)
  }

  /** Every CRL is fetched when its number has risen, however large it is. */
  allDue(): void {
    this.#dueAt.clear()
  }

  async #fetchAuthorities(rows: readonly IndexRow[], signal: AbortSignal): Promise<void> {
    for (const { issuer } of rows) {
      if (this.#authorities.has(issuer)) continue
      this.#authorities.set(issuer, await this.#line.get(`/pki/ca/${issuer}.cer`, MAX_CERTIFICATE_BYTES, signal))
    }
    const given: GivenAuthority[] = []
    for (const { issuer } of rows) {
      const der = this.#authorities.get(issuer)
      if (der !== undefined) given.push({ der, id: issuer })
    }
    this.#sink.takeAuthorities(given)
  }

  #wants({ issuer, number, bytes }: IndexRow, extent: Extent): boolean {
    const held = this.#sink.numberOf(issuer)
    if (held !== undefined && number <= held) return false
    if (held === undefined || extent === 'all' || bytes <= SMALL_CRL_BYTES) return true
    return this.#now().getTime() >= (this.#dueAt.get(issuer) ?? 0)
  }

  async #fetchCrl({ issuer, thisUpdate, nextUpdate }: IndexRow, signal: AbortSignal): Promise<void> {
    const taken = this.#sink.takeCrl(await this.#line.get(`/pki/crl/${issuer}.crl`, MAX_CRL_BYTES, signal))
    if (taken.kind === 'refused') {
      // Of a root that is not pinned here nothing is believed, and nothing missed.
      if (taken.fault === 'crl-issuer-other') return
      throw new EvidenceUnreadable(`/pki/crl/${issuer}.crl`, taken.fault)
    }
    // At half of its life, give or take a quarter, so that many consumers do not come at once.
    const life = nextUpdate.getTime() - thisUpdate.getTime()
    this.#dueAt.set(issuer, thisUpdate.getTime() + life * (0.25 + Math.random() / 2))
  }
}

/** Throws `EvidenceUnreadable`. */
function readIndex(bytes: Uint8Array): readonly IndexRow[] {
  try {
    const rows = membersOf(JSON.parse(Buffer.from(bytes).toString('utf8'))).get('crls')
    if (!Array.isArray(rows) || rows.length > MAX_ROWS) throw new TypeError('no list of CRLs')
    return rows.map(membersOf).flatMap(readRow)
  } catch (cause) {
    throw new EvidenceUnreadable(INDEX, 'no index of CRLs', { cause })
  }
}

/** Empty for what is no complete CRL: deltas and partitions stand beside them. */
function readRow(row: ReadonlyMap<string, unknown>): IndexRow[] {
  if ((row.get('kind') ?? 'full') !== 'full') return []
  const [thisUpdate, nextUpdate] = [dateIn(row, 'thisUpdate'), dateIn(row, 'nextUpdate')]
  const [number, bytes] = [BigInt(numberIn(row, 'number')), numberIn(row, 'bytes')]
  return [{ issuer: parseIssuerId(textIn(row, 'issuer')), number, bytes, thisUpdate, nextUpdate }]
}
