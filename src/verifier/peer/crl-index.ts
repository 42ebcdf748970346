// The service's index of CRLs (`/pki/crl`): what there is, unverified. A row that says nothing of use keeps no other back.
import { parseIssuerId, type IssuerId } from '../../domain/issuer-id.ts'
import { EvidenceUnreadable } from './evidence-file.ts'
import { dateIn, membersOf, numberIn, textIn } from './json-members.ts'

/** Partitions and deltas of all issuers, and room. */
const MAX_ROWS = 20_000

/** Most CAs: each is asked for. Those that have ended stay listed while their CRLs are published. */
const MAX_ISSUERS = 500

export interface FullRow {
  readonly issuer: IssuerId
  readonly number: bigint
  readonly bytes: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

export interface DeltaRow {
  readonly issuer: IssuerId
  readonly number: bigint
  readonly base: bigint
}

export interface CrlIndex {
  /** Of each issuer one. */
  readonly full: readonly FullRow[]
  readonly deltas: ReadonlyMap<IssuerId, DeltaRow>
  readonly faults: readonly EvidenceUnreadable[]
}

/** Throws `EvidenceUnreadable` for what is no index. `from`: for the message. */
export function readCrlIndex(bytes: Uint8Array, from: string): CrlIndex {
  const full = new Map<IssuerId, FullRow>()
  const deltas = new Map<IssuerId, DeltaRow>()
  const faults: EvidenceUnreadable[] = []
  for (const row of rowsOf(bytes, from)) {
    try {
      const kind = row.get('kind') ?? 'full'
      if (kind === 'full') addOnce(full, readFull(row))
      else if (kind === 'delta') addOnce(deltas, readDelta(row))
    } catch (cause) {
      faults.push(new EvidenceUnreadable(from, 'a row that says nothing of use', { cause }))
    }
  }
  if (full.size > MAX_ISSUERS) throw new EvidenceUnreadable(from, 'too many issuers')
  return { full: [...full.values()], deltas, faults }
}

function rowsOf(bytes: Uint8Array, from: string): readonly ReadonlyMap<string, unknown>[] {
  try {
    const rows = membersOf(JSON.parse(Buffer.from(bytes).toString('utf8'))).get('crls')
    if (!Array.isArray(rows) || rows.length > MAX_ROWS) throw new TypeError('no list of CRLs')
    return rows.map(membersOf)
  } catch (cause) {
    throw new EvidenceUnreadable(from, 'no index of CRLs', { cause })
  }
}

function addOnce<Row extends { readonly issuer: IssuerId }>(rows: Map<IssuerId, Row>, row: Row): void {
  if (rows.has(row.issuer)) throw new TypeError('an issuer twice')
  rows.set(row.issuer, row)
}

function readFull(row: ReadonlyMap<string, unknown>): FullRow {
  const [thisUpdate, nextUpdate] = [dateIn(row, 'thisUpdate'), dateIn(row, 'nextUpdate')]
  const [number, bytes] = [BigInt(numberIn(row, 'number')), numberIn(row, 'bytes')]
  return { issuer: parseIssuerId(textIn(row, 'issuer')), number, bytes, thisUpdate, nextUpdate }
}

function readDelta(row: ReadonlyMap<string, unknown>): DeltaRow {
  const [number, base] = [BigInt(numberIn(row, 'number')), BigInt(numberIn(row, 'baseNumber'))]
  return { issuer: parseIssuerId(textIn(row, 'issuer')), number, base }
}
