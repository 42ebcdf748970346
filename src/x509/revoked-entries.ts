// The entries of a CRL as read (RFC 5280 §5.1.2.6), a million if need be: each is checked once and stays encoded, and what
// is kept of it is its place. Those of an indirect CRL have issuers of their own, each until the next (§5.3.3).
import { randomBytes } from 'node:crypto'
import { CrlRejected } from './crl-rejected.ts'
import { DerReader } from './der-reader.ts'
import { canonicalName, type DistinguishedName } from './distinguished-name.ts'
import { parseGeneralNames } from './general-name.ts'
import { hexOf } from './hex.ts'
import { endOfPlainEntry } from './plain-entry.ts'
import { parseRevokedEntry, type EntryScope, type ParsedEntry, type RevokedEntry } from './revoked-entry.ts'
import { SortedIndex } from './sorted-index.ts'

/** Fewest octets of an entry: its header, a serial of one octet and a UTCTime. */
const MIN_ENTRY_OCTETS = 2 + 3 + 15

/** Most issuers whose certificates one indirect CRL lists. Each costs a name, which an entry does not. */
const MAX_ISSUERS = 10_000

/** The place of the CRL's own issuer among those of the entries. */
const OWN = 0

export class RevokedEntries {
  readonly #bytes: Uint8Array
  readonly #scope: EntryScope
  /** Where each entry begins, in their order. */
  readonly #starts: Uint32Array
  /** Whose certificate each entry is about; undefined when all are the own issuer's. */
  readonly #owners: Uint32Array | undefined
  /** Places of the issuers, by canonical name. */
  readonly #issuers: ReadonlyMap<string, number>
  readonly #index: SortedIndex
  /** OIDs of critical entry extensions that are not known here: the CRL must not be relied on (§5.3). */
  readonly unknownCritical: ReadonlySet<string>

  /** `bytes` are the contents of revokedCertificates. Throws `CrlRejected`, or what the layers below throw. */
  constructor(bytes: Uint8Array, crlIssuer: DistinguishedName, scope: EntryScope) {
    const found = scan(bytes, crlIssuer, scope)
    this.#bytes = bytes
    this.#scope = scope
    this.#starts = found.starts
    this.#owners = found.owners
    this.#issuers = found.issuers
    this.unknownCritical = found.unknownCritical
    const keys = this.#starts.map((start, entry) => keyOf(bytes, serialAt(bytes, start), this.#owner(entry)))
    const compare = (a: number, b: number): number => this.#compare(a, b)
    this.#index = new SortedIndex(keys, compare)
    // Of two entries readers could take either, and one may be removeFromCRL.
    if (this.#index.hasEquals(compare)) throw new CrlRejected('crl_malformed', { why: 'one serial twice' })
  }

  /** How many there are, of all issuers. */
  get count(): number {
    return this.#starts.length
  }

  /** Entries of the CRL's own issuer. */
  get size(): number {
    return this.#owners === undefined ? this.#starts.length : this.#owners.filter((owner) => owner === OWN).length
  }

  /** The own issuer's entry of this serial, as content octets in lower-case hexadecimal. */
  get(serialHex: string): RevokedEntry | undefined {
    return this.#read(this.#find(OWN, Buffer.from(serialHex, 'hex')))
  }

  has(serialHex: string): boolean {
    return this.#find(OWN, Buffer.from(serialHex, 'hex')) !== undefined
  }

  /** The entry of a certificate: its issuer as `canonicalName` says it, its serial as the content octets of the INTEGER. */
  find(issuer: string, serial: Uint8Array): RevokedEntry | undefined {
    const owner = this.#issuers.get(issuer)
    return owner === undefined ? undefined : this.#read(this.#find(owner, serial))
  }

  /** Serial and entry of the own issuer's, in their order. */
  *[Symbol.iterator](): Generator<readonly [serialHex: string, entry: RevokedEntry], undefined> {
    for (let entry = 0; entry < this.#starts.length; entry++) {
      if (this.#owner(entry) !== OWN) continue
      const { serial, date, reason } = this.#parse(entry)
      yield [hexOf(serial), { date, reason }]
    }
    return undefined
  }

  /** Serials of the own issuer's entries, in their order. */
  *keys(): Generator<string, undefined> {
    for (const [serialHex] of this) yield serialHex
    return undefined
  }

  /** The own issuer's entries, in their order. */
  *values(): Generator<RevokedEntry, undefined> {
    for (const [, entry] of this) yield entry
    return undefined
  }

  #owner(entry: number): number {
    return this.#owners === undefined ? OWN : (this.#owners[entry] ?? OWN)
  }

  #find(owner: number, serial: Uint8Array): number | undefined {
    return this.#index.find(keyOf(serial, { from: 0, to: serial.length }, owner), (entry) => {
      const place = serialAt(this.#bytes, this.#starts[entry] ?? 0)
      return this.#owner(entry) - owner || compareOctets(this.#bytes, place, serial, { from: 0, to: serial.length })
    })
  }

  #compare(a: number, b: number): number {
    const placeA = serialAt(this.#bytes, this.#starts[a] ?? 0)
    const placeB = serialAt(this.#bytes, this.#starts[b] ?? 0)
    return this.#owner(a) - this.#owner(b) || compareOctets(this.#bytes, placeA, this.#bytes, placeB)
  }

  #read(entry: number | undefined): RevokedEntry | undefined {
    if (entry === undefined) return undefined
    const { date, reason } = this.#parse(entry)
    return { date, reason }
  }

  #parse(entry: number): ParsedEntry {
    const end = this.#starts[entry + 1] ?? this.#bytes.length
    return parseRevokedEntry(DerReader.over(this.#bytes.subarray(this.#starts[entry], end)), this.#scope)
  }
}

interface Scanned {
  readonly starts: Uint32Array
  readonly owners: Uint32Array | undefined
  readonly issuers: ReadonlyMap<string, number>
  readonly unknownCritical: ReadonlySet<string>
}

/** Checks every entry. */
function scan(bytes: Uint8Array, crlIssuer: DistinguishedName, scope: EntryScope): Scanned {
  const starts = new Uint32Array(Math.floor(bytes.length / MIN_ENTRY_OCTETS))
  const owners = scope.kind === 'indirect' ? new EntryOwners(crlIssuer, starts.length) : undefined
  const unknownCritical = new Set<string>()
  let count = 0
  for (let at = 0; at < bytes.length; count++) {
    starts[count] = at
    let end = endOfPlainEntry(bytes, at, scope.version)
    if (end === 0) {
      const reader = DerReader.over(bytes.subarray(at))
      const entry = parseRevokedEntry(reader, scope)
      for (const oid of entry.unknownCritical) unknownCritical.add(oid)
      owners?.enter(entry.certificateIssuer)
      end = at + reader.offset
    }
    owners?.own(count)
    at = end
  }
  return {
    starts: starts.slice(0, count),
    owners: owners?.owners.slice(0, count),
    issuers: owners?.places ?? new Map([[canonicalName(crlIssuer), OWN]]),
    unknownCritical,
  }
}

/** Whose certificate each entry of an indirect CRL is about, as it is read from first to last. */
class EntryOwners {
  readonly owners: Uint32Array
  readonly places = new Map<string, number>()
  /** By the octets of certificateIssuer, so that a name that comes again is not parsed again. */
  readonly #seen = new Map<string, number>()
  #current = OWN

  constructor(crlIssuer: DistinguishedName, entries: number) {
    this.owners = new Uint32Array(entries)
    this.places.set(canonicalName(crlIssuer), OWN)
  }

  enter(certificateIssuer: Uint8Array | undefined): void {
    if (certificateIssuer === undefined) return
    const octets = Buffer.from(certificateIssuer).toString('latin1')
    this.#current = this.#seen.get(octets) ?? this.#learn(octets, certificateIssuer)
  }

  own(entry: number): void {
    this.owners[entry] = this.#current
  }

  #learn(octets: string, certificateIssuer: Uint8Array): number {
    const name = canonicalName(parseCertificateIssuer(certificateIssuer))
    const place = this.places.get(name) ?? this.places.size
    this.places.set(name, place)
    this.#seen.set(octets, place)
    if (this.#seen.size > MAX_ISSUERS) throw new CrlRejected('crl_malformed', { maxIssuers: MAX_ISSUERS })
    return place
  }
}

/** §5.3.3 wants the one name that stands in the certificate; of two the entry could be about either. */
function parseCertificateIssuer(value: Uint8Array): DistinguishedName {
  const names = DerReader.whole(value, (reader) => parseGeneralNames(reader))
  const [issuer, ...more] = names.filter((name) => name.kind === 'directory')
  if (issuer === undefined || more.length > 0) {
    throw new CrlRejected('crl_malformed', { why: 'certificateIssuer without one DN' })
  }
  return issuer.name
}

interface Place {
  readonly from: number
  readonly to: number
}

/** Where the content octets of the serial stand in an entry that was checked before. */
function serialAt(bytes: Uint8Array, start: number): Place {
  const at = contentsAt(bytes, start)
  const from = contentsAt(bytes, at)
  const short = bytes[at + 1] ?? 0
  return { from, to: from + (short < 0x80 ? short : longLength(bytes, at + 2, from)) }
}

function contentsAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1] ?? 0
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f)
}

function longLength(bytes: Uint8Array, from: number, to: number): number {
  let length = 0
  for (let at = from; at < to; at++) length = length * 256 + (bytes[at] ?? 0)
  return length
}

/** Of this process: serials that are made to have equal keys would take seconds to sort, before a signature is looked at. */
const SEED = randomBytes(4).readUInt32LE()

/** FNV-1a over serial and owner, from a start that nobody knows. */
function keyOf(bytes: Uint8Array, { from, to }: Place, owner: number): number {
  let key = SEED ^ owner
  for (let at = from; at < to; at++) key = Math.imul(key ^ (bytes[at] ?? 0), 0x01000193)
  return key >>> 0
}

/** Any total order will do. */
function compareOctets(a: Uint8Array, placeA: Place, b: Uint8Array, placeB: Place): number {
  const length = placeA.to - placeA.from
  if (length !== placeB.to - placeB.from) return length - (placeB.to - placeB.from)
  for (let i = 0; i < length; i++) {
    const difference = (a[placeA.from + i] ?? 0) - (b[placeB.from + i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
