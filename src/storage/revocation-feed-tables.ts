// The feed of revocations (revocation/revocation-feed-store.ts). Its events are written with the change log, under the lock of the
// log's counter: so their order is that of the commits, and each finds the one before it.
import type { Change, NumberedChange } from '../domain/change.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import {
  CHAIN_START,
  type ChainHead,
  linked,
  type RevocationEvent,
  type RevocationEventKind,
} from '../domain/revocation-event.ts'
import type { RevocationFeedStore } from '../revocation/revocation-feed-store.ts'
import { instantOf } from './columns.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

/** The row of the change log's own counter. */
const LOG_COUNTER = 'change_log'
/** Its row in the table of counters: events up to there may be gone. */
export const FLOOR_COUNTER = 'revocation_floor'

type Revocation = Change & { readonly kind: 'revocation' }

/** Writes the events of these changes, and gives the changes back with them. The caller holds the counter's row. */
export async function appendRevocationEvents(
  session: Session,
  numbered: readonly NumberedChange[],
): Promise<readonly NumberedChange[]> {
  if (!numbered.some(({ change }) => change.kind === 'revocation')) return numbered
  const heads = new Map((await readHeads(session)).map((head) => [head.issuer, head]))
  const withEvents = numbered.map((entry): NumberedChange => {
    const { seq, change } = entry
    if (change.kind !== 'revocation') return entry
    const event = linked(factOf(seq, change), heads.get(change.issuer)?.hash ?? CHAIN_START)
    heads.set(change.issuer, event)
    return { ...entry, event }
  })
  const events = withEvents.flatMap(({ event }) => event ?? [])
  await session.insertMany('revocation_events', events.map(rowOf))
  for (const issuer of new Set(events.map((event) => event.issuer))) await writeHead(session, heads.get(issuer))
  return withEvents
}

function factOf(seq: number, { issuer, serial, status, was, reason, revokedAt, notAfter }: Revocation) {
  const event: RevocationEventKind = status === 'revoked' && was === 'revoked' ? 'reason-changed' : status
  return { seq, issuer, serial, event, reason, date: new Date(revokedAt), notAfter: new Date(notAfter) }
}

function readHeads(session: Session): Promise<readonly ChainHead[]> {
  return session.query(session.sql.selectFrom('revocation_heads').selectAll())
}

async function writeHead(session: Session, head: ChainHead | undefined): Promise<void> {
  if (head === undefined) return
  const { issuer, seq, hash } = head
  await session.query(
    session.sql
      .insertInto('revocation_heads')
      .values({ issuer, seq, hash })
      .onConflict((conflict) => conflict.column('issuer').doUpdateSet({ seq, hash })),
  )
}

/** Joins changes of the log with their events, as other processes read them. */
export async function withTheirEvents(
  session: Session,
  numbered: readonly NumberedChange[],
): Promise<readonly NumberedChange[]> {
  const revocations = numbered.filter(({ change }) => change.kind === 'revocation')
  const [first, last] = [revocations[0], revocations.at(-1)]
  if (first === undefined || last === undefined) return numbered
  const rows = await session.query(
    session.sql.selectFrom('revocation_events').selectAll().where('seq', '>=', first.seq).where('seq', '<=', last.seq),
  )
  const events = new Map(rows.map((row) => [row.seq, eventOf(row)]))
  return numbered.map((entry) => {
    const event = events.get(entry.seq)
    return event === undefined ? entry : { ...entry, event }
  })
}

export function revocationFeedTables(session: Session): RevocationFeedStore {
  const after = session.prepare((p: { seq: number; limit: number }) =>
    session.sql.selectFrom('revocation_events').selectAll().where('seq', '>', p.seq).orderBy('seq').limit(p.limit),
  )
  const ofIssuer = session.prepare((p: { seq: number; limit: number; issuer: IssuerId }) =>
    session.sql
      .selectFrom('revocation_events')
      .selectAll()
      .where('issuer', '=', p.issuer)
      .where('seq', '>', p.seq)
      .orderBy('seq')
      .limit(p.limit),
  )
  const counters = session.prepare((p: { log: string; floor: string }) =>
    session.sql.selectFrom('counters').selectAll().where('name', 'in', [p.log, p.floor]),
  )
  return {
    revocationFeedState: async () => {
      const rows = await counters({ log: LOG_COUNTER, floor: FLOOR_COUNTER })
      const value = (name: string): number => rows.find((row) => row.name === name)?.value ?? 0
      return { seq: value(LOG_COUNTER), floor: value(FLOOR_COUNTER), heads: await readHeads(session) }
    },
    revocationEventsAfter: async (seq, limit, issuer) => {
      const rows = await (issuer === 'all' ? after({ seq, limit }) : ofIssuer({ seq, limit, issuer }))
      return rows.map(eventOf)
    },
  }
}

function rowOf({ date, notAfter, ...event }: RevocationEvent): Schema['revocation_events'] {
  const { seq, issuer, serial, event: kind, reason, previous, hash } = event
  return {
    seq,
    issuer,
    serial,
    event: kind,
    reason,
    date: date.getTime(),
    not_after: notAfter.getTime(),
    previous,
    hash,
  }
}

function eventOf({ date, not_after, ...row }: Schema['revocation_events']): RevocationEvent {
  return { ...row, date: instantOf(date), notAfter: instantOf(not_after) }
}
