// The CRLs that count at a time: of each series the newest complete one, together with the newest delta that fits it
// (RFC 5280 §5.2.4, §6.3.3 (a), (c)). An older one that still holds is passed over: what was released since, or revoked, it
// does not know. A complete CRL that ran out holds for as long as a delta to it does.
import type { RevokedEntry } from '../../x509/revoked-entry.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { dateFault } from './freshness.ts'
import { groupBy } from './group-by.ts'
import type { RevocationPolicy } from './revocation-policy.ts'
import type { RevocationFault } from './revocation-status.ts'
import type { VerifiedCrl } from './verified-crl.ts'

export interface CurrentCrl {
  readonly base: VerifiedCrl
  /** The newest that fits; more than one where two say that they are. */
  readonly deltas: readonly VerifiedCrl[]
  /** Deltas in force to complete CRLs that are newer than this one: what they list is revoked, and they say no more. */
  readonly ahead: readonly VerifiedCrl[]
  readonly freshUntil: Date | undefined
  /** Why it must not be relied on; undefined: it holds. */
  readonly fault: RevocationFault | undefined
}

export function currentCrls(crls: readonly VerifiedCrl[], at: Date, policy: RevocationPolicy): readonly CurrentCrl[] {
  return [...groupBy(crls, ({ series }) => series).values()].flatMap((series) => currentOfSeries(series, at, policy))
}

/** Of one series. More than one where two say that they are the newest: then both count. */
export function currentOfSeries(
  series: readonly VerifiedCrl[],
  at: Date,
  policy: RevocationPolicy,
): readonly CurrentCrl[] {
  const complete = series.filter(({ crl }) => crl.deltaBase === undefined)
  // One from the future does not hide the present one; if there is no other, its fault is told.
  const begun = complete.filter(({ crl }) => crl.thisUpdate <= at)
  const deltas = series.filter(({ crl }) => crl.deltaBase !== undefined && dateFault(crl, at, policy) === undefined)
  return newest(begun.length === 0 ? complete : begun).map((base) => {
    const fitting = newest(deltas.filter((each) => fits(each, base)))
    const dates = fitting[0] ?? base
    const fault = dateFault(dates.crl, at, policy)
    return {
      base,
      deltas: fitting,
      ahead: deltas.filter((each) => isAhead(each, base)),
      freshUntil: dates.crl.nextUpdate,
      fault: fault === undefined ? undefined : `crl-${fault}`,
    }
  })
}

function isAhead({ crl: delta }: VerifiedCrl, { crl: base }: VerifiedCrl): boolean {
  return delta.deltaBase !== undefined && base.number !== undefined && delta.deltaBase > base.number
}

/** §5.2.4 (c), (d). */
function fits({ crl: delta }: VerifiedCrl, { crl: base }: VerifiedCrl): boolean {
  if (delta.deltaBase === undefined || delta.number === undefined || base.number === undefined) return false
  return delta.deltaBase <= base.number && base.number < delta.number
}

function newest(crls: readonly VerifiedCrl[]): readonly VerifiedCrl[] {
  return crls.filter((crl) => !crls.some((other) => isLater(other, crl)))
}

function isLater({ crl: a }: VerifiedCrl, { crl: b }: VerifiedCrl): boolean {
  if (a.number !== undefined && b.number !== undefined && a.number !== b.number) return a.number > b.number
  return a.thisUpdate > b.thisUpdate
}

export type Listed =
  | { readonly kind: 'not-listed' }
  | { readonly kind: 'listed'; readonly entry: RevokedEntry }
  /** A complete CRL that takes something from another list makes no sense. */
  | { readonly kind: 'contradicts' }

const NOT_LISTED: Listed = { kind: 'not-listed' }

/** §6.3.3 (i)-(k): the delta speaks first, and what it removes is not listed. */
export function listedIn({ base, deltas, ahead }: CurrentCrl, { issuer, certificate }: PathCertificate): Listed {
  const serial = certificate.tbs.serialNumber
  const entriesIn = (crls: readonly VerifiedCrl[]) => crls.flatMap(({ crl }) => crl.entries.find(issuer, serial) ?? [])
  const changes = entriesIn(deltas)
  const revoking = [...changes, ...entriesIn(ahead)].find(({ reason }) => reason !== 'removeFromCRL')
  if (revoking !== undefined) return { kind: 'listed', entry: revoking }
  // Of two deltas of one number each must take it back.
  if (changes.length > 0 && changes.length === deltas.length) return NOT_LISTED
  const entry = base.crl.entries.find(issuer, serial)
  if (entry === undefined) return NOT_LISTED
  return entry.reason === 'removeFromCRL' ? { kind: 'contradicts' } : { kind: 'listed', entry }
}
