// What acts record beside their rows, collected over a batch and written once at its end: audit events, changes (which get
// their numbers there) and journal entries. An act that fails takes back what it recorded.
import type { AuditEvent } from '../domain/audit-event.ts'
import type { Change, NumberedChange } from '../domain/change.ts'
import { isJournalledAct, journalledChange, type JournalEntry } from '../domain/journal-entry.ts'
import type { Recording } from '../domain/transactions.ts'
import { auditRow } from './audit-table.ts'
import { takeChangeNumbers } from './change-log.ts'
import type { Session } from './session.ts'

export interface RecorderMark {
  readonly audits: number
  readonly changes: number
  readonly entries: number
}

export class Recorder {
  readonly #audits: AuditEvent[] = []
  readonly #changes: Change[] = []
  readonly #entries: JournalEntry[] = []
  #numbered: readonly NumberedChange[] = []

  /** What the journal gets: complete once `write` has given the changes their numbers. */
  get entries(): readonly JournalEntry[] {
    const changes = this.#numbered.map(({ seq, change }) => ({
      kind: 'change' as const,
      seq,
      of: journalledChange(change),
    }))
    const acts = this.#audits.flatMap(({ act, object, actor }) =>
      isJournalledAct(act) ? [{ kind: 'act' as const, act, object, actor }] : [],
    )
    return [...this.#entries, ...changes, ...acts]
  }

  /** The part of a transaction that acts see. */
  readonly recording: Recording = {
    audit: async (event) => {
      this.#audits.push(event)
    },
    change: async (change) => {
      this.#changes.push(change)
    },
    journal: (entry) => {
      this.#entries.push(entry)
    },
  }

  mark(): RecorderMark {
    return { audits: this.#audits.length, changes: this.#changes.length, entries: this.#entries.length }
  }

  backTo({ audits, changes, entries }: RecorderMark): void {
    this.#audits.length = audits
    this.#changes.length = changes
    this.#entries.length = entries
  }

  clear(): void {
    this.backTo({ audits: 0, changes: 0, entries: 0 })
    this.#numbered = []
  }

  /** Writes audit events and changes into the open transaction, and tells the numbers that the changes got. */
  async write(session: Session): Promise<readonly NumberedChange[]> {
    await session.insertMany('audit_events', this.#audits.map(auditRow))
    this.#numbered = await takeChangeNumbers(session, this.#changes)
    return this.#numbered
  }
}
