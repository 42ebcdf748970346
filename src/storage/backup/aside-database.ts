// The database that a restore builds aside: loaded, brought up to what the journals tell, and closed before it is put in place.
// Nobody follows it, so nothing is told to anybody, and it commits as it goes.
import { setTimeout as delay } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import type { IssuerId } from '../../domain/issuer-id.ts'
import { encodeQuarantine, NO_QUARANTINE } from '../../domain/quarantine.ts'
import { auditRow } from '../audit-table.ts'
import { CHANGE_LOG_COUNTER } from '../change-log.ts'
import type { Connection } from '../connection.ts'
import { dialectOf } from '../dialect-of.ts'
import type { Dialect } from '../dialect.ts'
import { Session } from '../session.ts'
import { type Tables, tablesOf } from '../tables.ts'
import type { BackupHeader } from './backup-file.ts'
import { loadBackup } from './load-backup.ts'
import type { JournalledAct } from './survey-journal.ts'

export interface Finish {
  readonly at: Date
  /** The change log goes on behind it. */
  readonly seq: number
  /** The highest numbers that are known to have been published. */
  readonly crlNumbers: ReadonlyMap<IssuerId, number>
  readonly quarantine: 'on' | 'off'
  readonly acts: readonly JournalledAct[]
  readonly details: Readonly<Record<string, string | number>>
}

export interface Finished {
  readonly epoch: string
  readonly endedSessions: number
  readonly endedTokens: number
  readonly voidedEnrolments: number
}

export class AsideDatabase {
  readonly #connection: Connection
  readonly #dialect: Dialect
  readonly #session: Session
  readonly #tables: Tables

  private constructor(connection: Connection, dialect: Dialect) {
    this.#connection = connection
    this.#dialect = dialect
    this.#session = new Session(connection, dialect, 'ignored')
    this.#tables = tablesOf(this.#session)
  }

  static async open(url: string): Promise<AsideDatabase> {
    const dialect = await dialectOf(url, (error) => {
      throw error
    })
    return new AsideDatabase(await dialect.connect('write'), dialect)
  }

  /** Throws `BackupRefused`. */
  load(file: string, onProgress: (rows: number) => void): Promise<BackupHeader> {
    return loadBackup({ file, connection: this.#connection, dialect: this.#dialect, pause: delay, onProgress })
  }

  async transaction<Result>(act: (tx: Tables) => Promise<Result>): Promise<Result> {
    await this.#session.begin('write')
    try {
      const result = await act(this.#tables)
      await this.#connection.commit()
      return result
    } catch (error) {
      if (this.#connection.usable) await this.#connection.rollback()
      throw error
    }
  }

  /** What every restore does, whatever the journals tell. */
  finish(finish: Finish): Promise<Finished> {
    return this.transaction(async (tx) => {
      const at = finish.at.getTime()
      const epoch = randomUUID()
      await tx.setMetadata('epoch', epoch)
      const quarantine =
        finish.quarantine === 'on' ? ({ kind: 'quarantined', since: finish.at } as const) : NO_QUARANTINE
      await tx.setMetadata('quarantine', encodeQuarantine(quarantine))
      await this.#run('update counters set value = ? where name = ?', [finish.seq, CHANGE_LOG_COUNTER])
      await this.#raiseCrlNumbers(finish.crlNumbers)
      // Whoever signs in again brings theirs.
      if (finish.quarantine === 'on') await this.#run('delete from user_groups', [])
      for (const act of finish.acts) await this.#session.insertMany('audit_events', [auditRow(replayedEvent(act))])
      const event = {
        at: finish.at,
        actor: 'offline:restore',
        act: 'installation.restore',
        object: 'installation',
      } as const
      await this.#session.insertMany('audit_events', [
        auditRow({ ...event, requestId: '', details: { ...finish.details, epoch, quarantine: finish.quarantine } }),
      ])
      return { epoch, ...(await this.#endWhatNobodyCanProve(at)) }
    })
  }

  async close(): Promise<void> {
    await this.#connection.close()
    await this.#dialect.close()
  }

  /**
   * The next number is above all that was ever published. Deltas go: their bases are not the CRLs that their readers have. A
   * number is at least the Unix time at which it was made, so it bounds thisUpdate too, as far as the clock was right. What the
   * backup has of CRLs may be older than what their readers have: it is never served, and new ones are signed at start. Root CRLs
   * cannot be, and stay unless there was a newer one.
   */
  async #raiseCrlNumbers(numbers: ReadonlyMap<IssuerId, number>): Promise<void> {
    await this.#run(`delete from crls where scope like '%/delta'`, [])
    for (const [issuer, number] of numbers) {
      await this.#run('update crls set number = ?, der = null, signature = null where issuer = ? and number < ?', [
        number,
        issuer,
        number,
      ])
    }
    await this.#run(
      'update crls set der = null, signature = null where issuer in (select id from issuers where sealed_key is not null)',
      [],
    )
  }

  /**
   * Sessions, tokens and enrolment tokens are spent and ended far more often than anything else, and cost a sign-in at most: they end.
   * Tokens end with the keys that signed them, also those that were signed after the backup.
   */
  async #endWhatNobodyCanProve(at: number): Promise<Omit<Finished, 'epoch'>> {
    const endedSessions = await this.#run('update sessions set ended_at = ? where ended_at is null and ends_at > ?', [
      at,
      at,
    ])
    const endedTokens = await this.#run(
      'update tokens set revoked_at = ? where revoked_at is null and expires_at > ?',
      [at, at],
    )
    await this.#run('delete from token_keys', [])
    await this.#run('delete from idempotency_keys', [])
    const voidedEnrolments = await this.#run(
      'update enrolment_tokens set voided_at = ? where voided_at is null and spent_at is null and expires_at > ?',
      [at, at],
    )
    return { endedSessions, endedTokens, voidedEnrolments }
  }

  async #run(text: string, parameters: readonly unknown[]): Promise<number> {
    let parameter = 0
    const sql = this.#dialect.locks === 'database' ? text : text.replaceAll('?', () => `$${String((parameter += 1))}`)
    return (await this.#connection.execute({ sql, writes: true }, parameters)).changed
  }
}

function replayedEvent({ act, object, actor, at }: JournalledAct) {
  return { at, actor, act, object, requestId: '', details: { replayed: 'journal' } }
}
