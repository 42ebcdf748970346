// CAs and CRLs from a Signet service. Its index of CRLs says what there is; each CRL is fetched when its number has risen. While the feed
// of revocations is heard, large CRLs are left for later: what they would say is known already.
import { IssuerIdRejected, parseIssuerId, type IssuerId } from '../../domain/issuer-id.ts'
import type { ServiceLine } from './ask-service.ts'
import { EvidenceUnreadable } from './evidence-file.ts'
import type { EvidenceSink } from './evidence-sink.ts'
import type { GivenAuthority } from './peer-authorities.ts'
import { MAX_CRL_BYTES } from './verifier.ts'

const INDEX = '/pki/crl'
const MAX_INDEX_BYTES = 1024 * 1024
const MAX_CERTIFICATE_BYTES = 64 * 1024

/** Smaller CRLs cost nothing to fetch whenever they change. */
const SMALL_CRL_BYTES = 1024 * 1024

/** More generations than an installation has in a lifetime. */
const MAX_ISSUERS = 1000

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
    for (const row of rows) if (this.#wants(row, extent)) await this.#fetchCrl(row, signal)
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
      if (taken.fault === 'crl_issuer_unknown') return
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
    const rows = fieldOf(JSON.parse(Buffer.from(bytes).toString('utf8')), 'crls')
    if (!Array.isArray(rows) || rows.length > MAX_ISSUERS) throw new TypeError('no list of CRLs')
    return rows.flatMap(readRow)
  } catch (cause) {
    throw new EvidenceUnreadable(INDEX, 'no index of CRLs', { cause })
  }
}

/** Empty for scopes that are no complete CRL, which a later service may list beside them. */
function readRow(row: unknown): IndexRow[] {
  const scope = fieldOf(row, 'scope') ?? fieldOf(row, 'kind') ?? 'full'
  if (scope !== 'full') return []
  const [issuer, number, bytes] = [fieldOf(row, 'issuer'), fieldOf(row, 'number'), fieldOf(row, 'bytes')]
  if (typeof issuer !== 'string' || typeof bytes !== 'number') throw new TypeError('no row')
  const [thisUpdate, nextUpdate] = [dateOf(fieldOf(row, 'thisUpdate')), dateOf(fieldOf(row, 'nextUpdate'))]
  try {
    return [{ issuer: parseIssuerId(issuer), number: BigInt(String(number)), bytes, thisUpdate, nextUpdate }]
  } catch (error) {
    if (error instanceof IssuerIdRejected) return []
    throw error
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(name)
    : undefined
}

function dateOf(value: unknown): Date {
  const date = new Date(typeof value === 'string' ? value : '')
  if (Number.isNaN(date.getTime())) throw new TypeError('no date')
  return date
}
