// Restores a backup: builds the database aside, replays the journals, and puts it in its place in one step. With journals that tell all
// of it, the installation goes on; else it starts in quarantine (SECURITY.md rule 32, docs/backup.md).
import { existsSync } from 'node:fs'
import { MasterKeyRejected } from '../ca/keystore/errors.ts'
import type { Clock } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { JournalEntry } from '../domain/journal-entry.ts'
import { type Replayed, replayChange } from '../enrollment/replay-changes.ts'
import {
  type QuietUnit,
  replayAuthorityCrl,
  replayIssued,
  replayPartitions,
  replayReplaced,
  replayRevocation,
} from '../enrollment/replay-journal.ts'
import { parseQuarantine } from '../domain/quarantine.ts'
import type { Configuration } from '../ops/configuration.ts'
import { reviewOf, reviewOfRootCrls } from './restore-review.ts'
import { AsideDatabase, type Finished } from '../storage/backup/aside-database.ts'
import type { BackupHeader } from '../storage/backup/backup-file.ts'
import { BackupRefused, systemCodeOf } from '../storage/backup/errors.ts'
import { openTarget, type Replacing, requireReplaceable, type RestoreTarget } from '../storage/backup/restore-target.ts'
import { journalEntries, type JournalReading } from '../storage/backup/journal-entries.ts'
import { type JournalSurvey, surveyJournals } from '../storage/backup/survey-journal.ts'
import { StorageUnavailable } from '../storage/errors.ts'
import { openJournal } from '../storage/journal.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { KEY_FIX, readMasterKeys } from './installation.ts'

export interface RestoreTask {
  readonly configuration: Configuration
  readonly file: string
  /** Of all processes; those that are not there are none. */
  readonly journals: readonly string[]
  readonly damaged: JournalReading['damaged']
  readonly replacing: Replacing
  /** `plan`: all of it is done aside, and thrown away. */
  readonly mode: 'plan' | 'restore'
  readonly clock: Clock
  readonly onProgress: (text: string) => void
}

export interface Restored extends Finished {
  readonly header: BackupHeader
  readonly survey: JournalSurvey
  readonly quarantine: 'on' | 'off'
  /** Certificates that were issued after the backup. */
  readonly issued: number
  /** Revocations, holds and releases after the backup. */
  readonly revocations: number
  readonly changes: number
  /** What is not as it was, one sentence each. */
  readonly review: readonly string[]
  /** Where the database is kept that was there before. */
  readonly kept: string | undefined
}

/** Of one transaction. */
const LINES_AT_ONCE = 500

/** Throws `BackupRefused`, `MasterKeyRejected`. */
export async function restoreBackup(task: RestoreTask): Promise<Restored> {
  const { database } = task.configuration
  const target = await openTarget(database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url)
  try {
    const { seq, ...restored } = await build(task, target)
    if (task.mode === 'plan') return { ...restored, kept: undefined }
    // Before the database: if it stops in between, the line tells of a restore that never came, which is harmless.
    await anchorJournal(task, seq, restored)
    const kept = await target.putInPlace(`before-restore-${stampOf(task.clock.now())}`)
    return { ...restored, kept }
  } catch (cause) {
    throw refusedForRoom(cause)
  } finally {
    await target.close()
  }
}

/** Of the system, of SQLite, and of PostgreSQL (class 53: resources). */
const NO_ROOM = /^(?:E(?:NOSPC|DQUOT|FBIG|ROFS|IO)|SQLITE_(?:FULL|IOERR|READONLY)(?:_.*)?|53[0-9A-Z]{3})$/

function refusedForRoom(cause: unknown): unknown {
  const reason = systemCodeOf(cause instanceof StorageUnavailable ? cause.cause : cause)
  return NO_ROOM.test(reason) ? new BackupRefused('restore_unwritable', { reason }, { cause }) : cause
}

async function build(
  task: RestoreTask,
  target: RestoreTarget,
): Promise<Omit<Restored, 'kept'> & { readonly seq: number }> {
  const aside = await AsideDatabase.open(target.asideUrl)
  try {
    const header = await aside.load(task.file, (rows) => task.onProgress(`${String(rows)} rows`))
    requireReplaceable(target, header.installation, task.replacing)
    requireMasterKey(task.configuration, header)
    return await bringUpToDate(task, aside, header)
  } finally {
    await aside.close()
  }
}

function requireMasterKey(configuration: Configuration, { sealingKey }: BackupHeader): void {
  const held = readMasterKeys(configuration).map(({ id }) => id)
  if (sealingKey === '' || held.includes(sealingKey)) return
  throw new MasterKeyRejected('master_key_not_held', { masterKey: sealingKey, held, fix: KEY_FIX })
}

async function bringUpToDate(task: RestoreTask, aside: AsideDatabase, header: BackupHeader) {
  const { seq, madeAt, installation } = header
  const paths = task.journals.filter((path) => existsSync(path))
  const reading = { installation, damaged: task.damaged }
  const survey = await surveyJournals({ ...reading, paths, seq, madeAt: new Date(madeAt) })
  const replay = new Replay(task, aside)
  for (const path of paths) await replay.certificates(journalEntries(path, reading))
  for (const path of paths) await replay.replaced(journalEntries(path, reading))
  await replay.revocations(survey)
  await replay.changes(survey)
  const at = task.clock.now()
  // No number of this epoch is one of the epoch before: no journal tells of one number twice.
  const next = Math.max(survey.lastSeq, seq, at.getTime()) + 1
  const quarantine = survey.reach.kind === 'complete' ? await quarantineBefore(aside, survey) : ('on' as const)
  const details = { backup: madeAt, backupSeq: seq, journals: paths.length }
  const { crlNumbers, acts } = survey
  const finished = await aside.finish({ at, seq: next, crlNumbers, quarantine, acts, details })
  return {
    ...finished,
    ...replay.counts,
    header,
    survey,
    quarantine,
    review: [...replay.review, ...reviewOf(acts), ...(await aside.transaction(reviewOfRootCrls))],
    seq: next,
  }
}

interface Line {
  readonly entry: JournalEntry
  readonly at: Date
}

type Entries = AsyncIterable<Line>

/** One that nobody has confirmed yet goes on, however complete the journals are. */
async function quarantineBefore(aside: AsideDatabase, { changes }: JournalSurvey): Promise<'on' | 'off'> {
  const last = changes.findLast(({ change }) => change.kind === 'quarantine')?.change
  if (last?.kind === 'quarantine') return last.status
  const { kind } = parseQuarantine(await aside.transaction((tx) => tx.metadata('quarantine')))
  return kind === 'none' ? 'off' : 'on'
}

class Replay {
  readonly #task: RestoreTask
  readonly #aside: AsideDatabase
  readonly counts = { issued: 0, revocations: 0, changes: 0 }
  readonly review: string[] = []

  constructor(task: RestoreTask, aside: AsideDatabase) {
    this.#task = task
    this.#aside = aside
  }

  async certificates(entries: Entries): Promise<void> {
    await this.#inBatches(entries, async (tx, { entry, at }) => {
      if (entry.kind === 'partitions') await replayPartitions(tx, entry)
      if (entry.kind === 'authority-crl') await replayAuthorityCrl(tx, entry)
      if (entry.kind === 'issued' && (await replayIssued(tx, entry, at))) this.counts.issued += 1
    })
    this.#task.onProgress(`${String(this.counts.issued)} certificates from the journal`)
  }

  /** Once all journals have told of their certificates: that which takes the place may be in another. */
  replaced(entries: Entries): Promise<void> {
    return this.#inBatches(entries, async (tx, { entry }) => {
      if (entry.kind === 'replaced') await replayReplaced(tx, entry)
    })
  }

  async #inBatches(entries: Entries, replay: (tx: QuietUnit, line: Line) => Promise<void>): Promise<void> {
    let some: Line[] = []
    const write = async () => {
      await this.#aside.transaction(async (tx) => {
        for (const line of some) await replay(tx, line)
      })
      some = []
    }
    for await (const line of entries) {
      some.push(line)
      if (some.length === LINES_AT_ONCE) await write()
    }
    await write()
  }

  async revocations({ revocations }: JournalSurvey): Promise<void> {
    const ends = await this.#aside.transaction(issuerEnds)
    for (let start = 0; start < revocations.length; start += LINES_AT_ONCE) {
      await this.#aside.transaction(async (tx) => {
        for (const told of revocations.slice(start, start + LINES_AT_ONCE)) {
          const unknownEnds = ends.get(told.issuer) ?? told.notAfter ?? this.#task.clock.now()
          if (await replayRevocation(tx, told, told.notAfter ?? unknownEnds)) this.counts.revocations += 1
        }
      })
      this.#task.onProgress(`${String(start)} revocations from the journal`)
    }
  }

  async changes({ changes }: JournalSurvey): Promise<void> {
    for (let start = 0; start < changes.length; start += LINES_AT_ONCE) {
      await this.#aside.transaction(async (tx) => {
        for (const { change, at } of changes.slice(start, start + LINES_AT_ONCE)) {
          this.#note(await replayChange(tx, change, at))
        }
      })
    }
  }

  #note(replayed: Replayed): void {
    if (replayed.kind === 'applied') this.counts.changes += 1
    if (replayed.kind === 'review' && !this.review.includes(replayed.what)) this.review.push(replayed.what)
  }
}

/** When each CA ends: no certificate of it lives longer. */
async function issuerEnds(tx: Pick<QuietUnit, 'issuers'>): Promise<ReadonlyMap<IssuerId, Date>> {
  const issuers = await tx.issuers()
  return new Map(issuers.map(({ id, certificate }) => [id, parseCertificate(certificate).tbs.validity.notAfter]))
}

/** So that the next backup finds its last change in a journal, also when nothing was done between. */
async function anchorJournal(
  { configuration, clock }: RestoreTask,
  seq: number,
  { epoch, survey, header }: Pick<Restored, 'epoch' | 'survey' | 'header'>,
): Promise<void> {
  const journal = await openJournal(configuration.journal, header.installation)
  try {
    const restored = { kind: 'restored', epoch, after: survey.lastSeq } as const
    await journal.append([{ kind: 'change', seq, of: restored }], clock.now())
  } finally {
    await journal.close()
  }
}

/** `20260601T120000000Z` */
function stampOf(at: Date): string {
  return at.toISOString().replaceAll(/[-:.]/g, '')
}
