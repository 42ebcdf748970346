// The list of certificates. A million rows and any mix of filters: the plan is ours and not the optimiser's, so one filter
// is chosen to drive (it and the order are one index), and the others only sort out what it finds.
//
// The most telling filter drives, newest first. Where nothing more telling than status or expiry is asked for, the order is
// that of expiry, soonest first.
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { CertificateFilter, CertificateRecord, CertificateStatus } from '../ca/inventory.ts'
import type { Page, PageRequest } from '../domain/transactions.ts'
import { readPage } from './cursor.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

/** `notAfter` names a whole second, all of which is still valid (RFC 5280 §4.1.2.5). */
export const END_OF_SECOND = 1000

/** Written out, because an index of a part of the table is used only when the text of its condition is there. */
export const NOT_GOOD = sql<SqlBool>`status <> 'good'`

export type CertificateRow = Omit<Schema['certificates'], 'position'>

export interface CertificateListRequest {
  readonly filter: CertificateFilter
  readonly at: Date
  readonly page: PageRequest
}

const BEFORE_ALL: readonly [number, number] = [Number.MIN_SAFE_INTEGER, 0]

/** Throws `CursorRejected`. */
export async function listCertificates(
  session: Session,
  { filter, at, page }: CertificateListRequest,
  itemOf: (row: CertificateRow) => CertificateRecord,
): Promise<Page<CertificateRecord>> {
  const conditions = conditionsOf(filter, at)
  // Not the instant before which they expire: who asks for what expires within an hour asks the same a minute later.
  const byEnd = filter.expiresBefore === undefined ? 'any' : 'ending'
  const name = `certificates ${JSON.stringify([conditions.equal, filter.status, byEnd])}`
  if (drivenByExpiry(conditions)) {
    return readPage(page, {
      name,
      start: BEFORE_ALL,
      fetch: (after, limit) => session.query(byExpiry(session, conditions, after).limit(limit)),
      keyOf: (row) => [row.not_after, row.position] as const,
      itemOf,
    })
  }
  return readPage(page, {
    name,
    start: [Number.MAX_SAFE_INTEGER] as const,
    fetch: ([before], limit) => newestFirst(session, conditions, before, limit),
    keyOf: (row) => [row.position] as const,
    itemOf,
  })
}

type Column = 'identity' | 'common_name' | 'requester' | 'project' | 'issuer' | 'profile'

interface Conditions {
  /** The most telling first. */
  readonly equal: readonly (readonly [Column, string])[]
  readonly status?: CertificateStatus
  /** Milliseconds. */
  readonly endsAfter?: number
  readonly endsBefore?: number
}

function conditionsOf(filter: CertificateFilter, at: Date): Conditions {
  const columns = [
    ['identity', filter.identity],
    ['common_name', filter.commonName],
    ['requester', filter.requester],
    ['project', filter.project],
    ['issuer', filter.issuer],
    ['profile', filter.profile],
  ] as const
  const equal = columns.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
  const { status, expiresBefore } = filter
  const end = at.getTime() - END_OF_SECOND
  const before = expiresBefore === undefined ? [] : [expiresBefore.getTime()]
  if (status === 'expired') return { equal, endsBefore: Math.min(end + 1, ...before) }
  return {
    equal,
    ...(status === undefined ? {} : { status, endsAfter: end }),
    ...(before[0] === undefined ? {} : { endsBefore: before[0] }),
  }
}

const COMMON: ReadonlySet<Column | undefined> = new Set<Column | undefined>(['issuer', 'profile', undefined])

function drivenByExpiry({ equal, status, endsBefore }: Conditions): boolean {
  return COMMON.has(equal[0]?.[0]) && (status !== undefined || endsBefore !== undefined)
}

/** In a form that no index has: it sorts out rows, and does not find them. */
const plainText = (column: Column | 'status') => sql<string>`coalesce(${sql.ref(column)}, '')`
export const PLAIN_NOT_AFTER = sql<number>`coalesce(not_after, 0)`

/**
 * A certificate is mostly requested by whom it is for, and a member's identity is its common name again: the indexes by
 * requester and by common name leave those out, and what is asked for is in two places.
 */
const ELSEWHERE: ReadonlyMap<
  Column | undefined,
  { readonly identity: (value: string) => string; readonly others: RawBuilder<SqlBool> }
> = new Map([
  ['requester', { identity: (value) => value, others: sql<SqlBool>`requester <> identity` }],
  [
    'common_name',
    { identity: (value) => `member:${value}`, others: sql<SqlBool>`identity <> 'member:' || common_name` },
  ],
])

async function newestFirst(session: Session, conditions: Conditions, before: number, limit: number) {
  const { equal } = conditions
  const [driver] = equal
  const elsewhere = ELSEWHERE.get(driver?.[0])
  if (driver === undefined || elsewhere === undefined) {
    return session.query(byPosition(session, conditions, before).limit(limit))
  }
  const own = { ...conditions, equal: [['identity', elsewhere.identity(driver[1])] as const, ...equal] }
  const others = byPosition(session, conditions, before).where(elsewhere.others)
  const rows = [
    ...(await session.query(byPosition(session, own, before).limit(limit))),
    ...(await session.query(others.limit(limit))),
  ]
  return rows.sort((one, other) => other.position - one.position).slice(0, limit)
}

function byPosition(session: Session, { equal, status, endsAfter, endsBefore }: Conditions, before: number) {
  const [driver, ...others] = equal
  let query = session.sql.selectFrom('certificates').selectAll().where('position', '<', before)
  if (driver !== undefined) query = query.where(driver[0], '=', driver[1])
  for (const [column, value] of others) query = query.where(plainText(column), '=', value)
  if (status !== undefined) query = query.where(plainText('status'), '=', status)
  if (endsAfter !== undefined) query = query.where(PLAIN_NOT_AFTER, '>', endsAfter)
  if (endsBefore !== undefined) query = query.where(PLAIN_NOT_AFTER, '<', endsBefore)
  return query.orderBy('position', 'desc')
}

function byExpiry(
  session: Session,
  { equal, status, endsAfter, endsBefore }: Conditions,
  [notAfter, position]: readonly [number, number],
) {
  let query = session.sql
    .selectFrom('certificates')
    .selectAll()
    .where((row) => row(row.refTuple('not_after', 'position'), '>', row.tuple(notAfter, position)))
  // Nearly all are good: the index by expiry finds those, the one by status the others.
  if (status === 'good') query = query.where(plainText('status'), '=', status)
  else if (status !== undefined) query = query.where('status', '=', status).where(NOT_GOOD)
  if (endsAfter !== undefined) query = query.where('not_after', '>', endsAfter)
  if (endsBefore !== undefined) query = query.where('not_after', '<', endsBefore)
  for (const [column, value] of equal) query = query.where(plainText(column), '=', value)
  return query.orderBy('not_after').orderBy('position')
}
