// What the journals of an installation tell of the time since a backup, and whether they tell all of it. Each process writes a journal of
// its own; what they hold together is in order by the numbers of the changes, of which none is missing in a set that is whole.
//
// What cannot be seen is a journal whose last changes came after those of all others: give the journals of all processes.
import type { AuditAct } from '../../domain/audit-event.ts'
import type { IssuerId } from '../../domain/issuer-id.ts'
import type { JournalEntry, JournalledChange } from '../../domain/journal-entry.ts'
import type { RevocationReason } from '../../domain/revocation-reason.ts'
import type { SerialNumber } from '../../domain/serial-number.ts'
import { journalEntries, type JournalReading } from './journal-entries.ts'

/** Whether anything of what was done since the backup may be missing. */
export type JournalReach =
  | { readonly kind: 'complete' }
  /** `no-journal`: none was there; `not-continued`: none has the backup's last change; `gap`: a change after it is in none; `damaged`: lines were passed over. */
  | {
      readonly kind: 'incomplete'
      readonly why: 'no-journal' | 'not-continued' | 'gap' | 'damaged'
      readonly firstMissing: number
    }

export interface JournalledRevocation {
  readonly issuer: IssuerId
  readonly serial: SerialNumber
  readonly status: 'revoked' | 'held' | 'released'
  readonly reason: RevocationReason
  readonly revokedAt: Date
  /** Absent in lines from before changes were written. */
  readonly notAfter?: Date
}

export interface JournalledAct {
  readonly act: AuditAct
  readonly object: string
  readonly actor: string
  readonly at: Date
}

export interface JournalSurvey {
  readonly reach: JournalReach
  /** Of the last line; undefined: there is none. */
  readonly until: Date | undefined
  readonly lastSeq: number
  /** After the backup, in the order of their numbers, but for revocations. */
  readonly changes: readonly { readonly change: JournalledChange; readonly at: Date }[]
  /** The last state of each certificate that any line tells of. */
  readonly revocations: readonly JournalledRevocation[]
  /** The highest number of a CRL of each issuer. */
  readonly crlNumbers: ReadonlyMap<IssuerId, number>
  /** After the backup. */
  readonly acts: readonly JournalledAct[]
  /** Certificates that any line tells of. */
  readonly issued: number
}

export interface SurveyTask extends JournalReading {
  readonly paths: readonly string[]
  /** Of the backup. */
  readonly seq: number
  readonly madeAt: Date
}

interface Numbered {
  readonly seq: number
  /** The journal that it stands in. */
  readonly path: string
  readonly change: JournalledChange
  readonly at: Date
}

/** Throws `BackupRefused` (`journal_damaged`, `journal_unreadable`, `journal_other_installation`). */
export async function surveyJournals(task: SurveyTask): Promise<JournalSurvey> {
  const survey = new Survey(task)
  for (const path of task.paths) {
    const passed = () => survey.passOver()
    for await (const line of journalEntries(path, task, passed)) survey.take(path, line.entry, line.at)
  }
  return survey.result()
}

class Survey {
  readonly #task: SurveyTask
  readonly #bySeq = new Map<number, Numbered[]>()
  /** By the number of a restore, the highest that it knew of. */
  readonly #restoredAfter = new Map<number, number>()
  readonly #lines = new Map<SerialNumber, { readonly at: Date; readonly revocation: JournalledRevocation }>()
  readonly #crlNumbers = new Map<IssuerId, number>()
  readonly #acts: JournalledAct[] = []
  #hasBackups = false
  #hasPassedOver = false
  #issued = 0
  #until: Date | undefined

  constructor(task: SurveyTask) {
    this.#task = task
  }

  passOver(): void {
    this.#hasPassedOver = true
  }

  take(path: string, entry: JournalEntry, at: Date): void {
    if (this.#until === undefined || at > this.#until) this.#until = at
    switch (entry.kind) {
      case 'issued':
        this.#issued += 1
        break
      case 'partitions':
      case 'replaced':
      case 'authority-crl':
      case 'installation':
        break
      case 'revoked':
      case 'held':
      case 'released':
        this.#takeRevocation(entry, at)
        break
      case 'change':
        this.#takeChange({ path, seq: entry.seq, change: entry.of, at })
        break
      case 'act':
        if (at > this.#task.madeAt) this.#acts.push({ act: entry.act, object: entry.object, actor: entry.actor, at })
        break
      default:
        entry satisfies never
    }
  }

  result(): JournalSurvey {
    const changes = this.#committed()
    const revocations = new Map([...this.#lines].map(([serial, { revocation }]) => [serial, revocation]))
    const numbered = new Map<SerialNumber, { readonly at: Date; readonly revocation: JournalledRevocation }>()
    for (const { change, at } of changes) {
      if (change.kind !== 'revocation') continue
      const { issuer, serial, status, reason } = change
      const dates = { revokedAt: new Date(change.revokedAt), notAfter: new Date(change.notAfter) }
      const revocation = { issuer, serial, status, reason, ...dates }
      const before = numbered.get(serial)
      if (before === undefined || replaces(revocation, before.revocation, true))
        numbered.set(serial, { at, revocation })
    }
    for (const [serial, { at, revocation }] of numbered) {
      const line = this.#lines.get(serial)
      // The line stands beside the change in its own batch; a later one is of a Signet that wrote no changes, or the clock was set
      // back: numbers tell the order then, so no release is believed for its time.
      const isLater = line !== undefined && line.at > at && line.revocation.status !== 'released'
      if (line === undefined || !replaces(line.revocation, revocation, isLater)) revocations.set(serial, revocation)
    }
    return {
      reach: this.#reach(),
      until: this.#until,
      lastSeq: Math.max(this.#task.seq, this.#highest()),
      changes: changes.filter(({ change }) => change.kind !== 'revocation'),
      revocations: [...revocations.values()],
      crlNumbers: this.#crlNumbers,
      acts: this.#acts,
      issued: this.#issued,
    }
  }

  #takeRevocation(entry: Extract<JournalEntry, { readonly kind: 'revoked' | 'held' | 'released' }>, at: Date): void {
    const { issuer, serial, kind: status, reason } = entry
    const revocation = { issuer, serial, status, reason, revokedAt: new Date(entry.at) }
    const before = this.#lines.get(serial)
    if (before !== undefined && !replaces(revocation, before.revocation, at >= before.at)) return
    this.#lines.set(serial, { at, revocation })
  }

  #takeChange(numbered: Numbered): void {
    const { seq, change } = numbered
    if (change.kind === 'crl') {
      this.#crlNumbers.set(change.issuer, Math.max(change.number, this.#crlNumbers.get(change.issuer) ?? 0))
    }
    if (seq === this.#task.seq) this.#hasBackups = true
    if (change.kind === 'restored') this.#restoredAfter.set(seq, change.after ?? 0)
    if (seq <= this.#task.seq) return
    const same = this.#bySeq.get(seq)
    if (same === undefined) this.#bySeq.set(seq, [numbered])
    else same.push(numbered)
  }

  /**
   * In order. A number that stands in two lines was taken again after a commit that never came: of the earlier one only what takes
   * something away is believed, which somebody had asked for, and nothing that gives. Which is the earlier one a journal knows by its
   * lines. Of two processes only their clocks tell, which may differ: there what takes away comes last.
   */
  #committed(): readonly Numbered[] {
    return [...this.#bySeq.entries()]
      .sort(([one], [other]) => one - other)
      .flatMap(([, same]) => {
        if (same.length === 1) return same
        const isOfOne = same.every(({ path }) => path === same[0]?.path)
        const ordered = isOfOne ? same : same.toSorted((one, other) => one.at.getTime() - other.at.getTime())
        const believed = ordered.filter((each, index) => index === ordered.length - 1 || takesAway(each.change))
        return isOfOne ? believed : [...believed].sort((one, other) => rankOf(one.change) - rankOf(other.change))
      })
  }

  #highest(): number {
    let highest = 0
    for (const seq of this.#bySeq.keys()) if (seq > highest) highest = seq
    return highest
  }

  #reach(): JournalReach {
    const { paths, seq } = this.#task
    const incomplete = (
      why: 'no-journal' | 'not-continued' | 'gap' | 'damaged',
      firstMissing: number,
    ): JournalReach => {
      return { kind: 'incomplete', why, firstMissing }
    }
    if (paths.length === 0) return incomplete('no-journal', seq)
    if (!this.#hasBackups) return incomplete('not-continued', seq)
    let expected = seq + 1
    for (const found of [...this.#bySeq.keys()].sort((one, other) => one - other)) {
      // Numbers go on far above after a restore, which says what it had of those before.
      const restoredAfter = this.#restoredAfter.get(found)
      const isNext = restoredAfter === undefined ? found === expected : restoredAfter < expected
      if (!isNext) return incomplete('gap', expected)
      expected = found + 1
    }
    return this.#hasPassedOver ? incomplete('damaged', expected) : { kind: 'complete' }
  }
}

/** A revocation is final: whatever any clock says, nothing follows it but a worse reason. */
function replaces(next: JournalledRevocation, before: JournalledRevocation, isLater: boolean): boolean {
  if (before.status !== 'revoked') return next.status === 'revoked' || isLater
  if (next.status !== 'revoked' || before.reason === 'keyCompromise') return false
  return next.reason === 'keyCompromise' || isLater
}

function rankOf(change: JournalledChange): number {
  return takesAway(change) ? 1 : 0
}

function takesAway(change: JournalledChange): boolean {
  if (change.kind === 'token-revocation') return true
  if (!('status' in change)) return false
  return change.status !== 'active' && change.status !== 'released'
}
