// The change log. Its numbers come from one counter row, taken as the last thing before the commit: the row stays locked
// until then, so number order is commit order, and no number is ever missing.
import type { Change, NumberedChange } from '../domain/change.ts'
import { StorageUnavailable } from './errors.ts'
import { appendRevocationEvents, withTheirEvents } from './revocation-feed-tables.ts'
import type { Session } from './session.ts'

/** Its row in the table of counters. */
export const CHANGE_LOG_COUNTER = 'change_log'

/** Numbers `changes` in their order and inserts them. Nothing is locked when there are none. */
export async function takeChangeNumbers(
  session: Session,
  changes: readonly Change[],
): Promise<readonly NumberedChange[]> {
  if (changes.length === 0) return []
  const [counter] = await session.query(
    session.sql
      .updateTable('counters')
      .set((row) => ({ value: row('value', '+', changes.length) }))
      .where('name', '=', CHANGE_LOG_COUNTER)
      .returning('value'),
  )
  if (counter === undefined) throw new StorageUnavailable('the change counter is missing')
  const before = counter.value - changes.length
  const numbered = changes.map((change, index) => ({ seq: before + index + 1, change }))
  await session.insertMany(
    'change_log',
    numbered.map(({ seq, change }) => ({ seq, change: JSON.stringify(change) })),
  )
  return appendRevocationEvents(session, numbered)
}

/** The number of the last change that is committed; 0 when there is none. */
export async function lastChangeNumber(session: Session): Promise<number> {
  const [row] = await session.query(
    session.sql.selectFrom('counters').select('value').where('name', '=', CHANGE_LOG_COUNTER),
  )
  return row?.value ?? 0
}

export async function readChangesAfter(
  session: Session,
  seq: number,
  limit: number,
): Promise<readonly NumberedChange[]> {
  const rows = await session.query(
    session.sql.selectFrom('change_log').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit),
  )
  const changes = rows.map((row) => ({ seq: row.seq, change: JSON.parse(row.change) as Change }))
  return withTheirEvents(session, changes)
}
