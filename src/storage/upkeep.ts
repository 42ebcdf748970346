// Deletes what has ended and nobody asks for any more, a bounded number at once: acts wait meanwhile.
import { CHANGE_LOG_COUNTER } from './change-log.ts'
import { FLOOR_COUNTER } from './revocation-feed-tables.ts'
import type { Session } from './session.ts'

export interface Upkeep {
  /** Each deletes at most `FORGOTTEN_AT_ONCE` rows of those that ended at `end` or before, and tells how many. */
  forgetTokens(end: Date): Promise<number>
  forgetEnrolmentTokens(end: Date): Promise<number>
  forgetSessions(end: Date): Promise<number>
  /** Entries that were there a week ago. A snapshot that has not come past them reads the state anew (`ChangeLogGap`). */
  forgetChanges(at: Date): Promise<number>
  /** Events of the feed that are as old; called before `forgetChanges`, which moves on from them. */
  forgetRevocationEvents(at: Date): Promise<number>
}

export const FORGOTTEN_AT_ONCE = 500

/** Rows are kept a day past their end, as snapshots keep theirs: a clock that ran ahead must not bring anything back. */
export const KEPT_PAST_END_SECONDS = 86_400

/** Age at which changes are deleted: no process follows the log that far behind. */
export const CHANGES_KEPT_SECONDS = 7 * 86_400

const MARK = 'change_log_mark'

/** Where the log was at some instant: entries have no date of their own. */
interface Mark {
  readonly seq: number
  readonly at: number
}

export function upkeepTables(session: Session): Upkeep {
  return { ...endedTables(session), ...changeLogTable(session) }
}

function endedTables(session: Session) {
  // They end roughly in the order in which they came: the oldest are looked at, without an index by end.
  const tokens = session.prepareChange((p: { end: number }) =>
    session.sql
      .deleteFrom('tokens')
      .where('position', 'in', (rows) =>
        rows.selectFrom('tokens').select('position').orderBy('position').limit(FORGOTTEN_AT_ONCE),
      )
      .where('expires_at', '<=', p.end),
  )
  const enrolmentTokens = session.prepareChange((p: { end: number }) =>
    session.sql
      .deleteFrom('enrolment_tokens')
      .where('hash', 'in', (rows) =>
        rows.selectFrom('enrolment_tokens').select('hash').where('expires_at', '<=', p.end).limit(FORGOTTEN_AT_ONCE),
      ),
  )
  const sessions = session.prepareChange((p: { end: number }) =>
    session.sql
      .deleteFrom('sessions')
      .where('id', 'in', (rows) =>
        rows.selectFrom('sessions').select('id').where('ends_at', '<=', p.end).limit(FORGOTTEN_AT_ONCE),
      ),
  )
  return {
    forgetSessions: (end: Date) => sessions({ end: end.getTime() }),
    forgetTokens: (end: Date) => tokens({ end: end.getTime() }),
    forgetEnrolmentTokens: (end: Date) => enrolmentTokens({ end: end.getTime() }),
  }
}

function changeLogTable(session: Session) {
  const last = session.prepare(() =>
    session.sql.selectFrom('counters').select('value').where('name', '=', CHANGE_LOG_COUNTER),
  )
  const readMark = session.prepare(() => session.sql.selectFrom('metadata').select('value').where('name', '=', MARK))
  const writeMark = session.prepareChange((p: { value: string }) =>
    session.sql
      .insertInto('metadata')
      .values({ name: MARK, value: p.value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: p.value })),
  )
  // The marked entry stays: a log that is empty would tell a follower from before it that nothing has happened.
  const forget = session.prepareChange((p: { seq: number }) =>
    session.sql
      .deleteFrom('change_log')
      .where('seq', 'in', (rows) =>
        rows.selectFrom('change_log').select('seq').where('seq', '<', p.seq).orderBy('seq').limit(FORGOTTEN_AT_ONCE),
      ),
  )
  const raiseFloor = session.prepareChange((p: { seq: number }) =>
    session.sql
      .updateTable('counters')
      .set({ value: p.seq })
      .where('name', '=', FLOOR_COUNTER)
      .where('value', '<', p.seq),
  )
  const forgetEvents = session.prepareChange((p: { seq: number }) =>
    session.sql
      .deleteFrom('revocation_events')
      .where('seq', 'in', (rows) =>
        rows
          .selectFrom('revocation_events')
          .select('seq')
          .where('seq', '<', p.seq)
          .orderBy('seq')
          .limit(FORGOTTEN_AT_ONCE),
      ),
  )
  const moveMark = async (at: Date): Promise<void> => {
    const mark: Mark = { seq: (await last({}))[0]?.value ?? 0, at: at.getTime() }
    await writeMark({ value: JSON.stringify(mark) })
  }
  const currentMark = async (): Promise<Mark | undefined> => {
    const [row] = await readMark({})
    return row === undefined ? undefined : (JSON.parse(row.value) as Mark)
  }
  return {
    forgetRevocationEvents: async (at: Date) => {
      const mark = await currentMark()
      if (mark === undefined || at.getTime() - mark.at < CHANGES_KEPT_SECONDS * 1000) return 0
      // Before the events go: nobody may take what is left for all there was.
      await raiseFloor({ seq: mark.seq - 1 })
      return forgetEvents({ seq: mark.seq })
    },
    forgetChanges: async (at: Date) => {
      const mark = await currentMark()
      if (mark !== undefined && at.getTime() - mark.at < CHANGES_KEPT_SECONDS * 1000) return 0
      const forgotten = mark === undefined ? 0 : await forget({ seq: mark.seq })
      if (forgotten < FORGOTTEN_AT_ONCE) await moveMark(at)
      return forgotten
    },
  }
}
