// The entries of a journal that are of one installation, in the order of the file. A damaged line is passed over where a crash has torn it;
// anywhere else it is refused, unless the caller wants it passed over too.
import type { JournalEntry } from '../../domain/journal-entry.ts'
import { readJournal, type JournalLine } from '../journal.ts'
import { BackupRefused, systemCodeOf } from './errors.ts'

export interface JournalReading {
  /** Of the backup. */
  readonly installation: string
  /** What to make of a damaged line behind which no process has gone on: it is no torn one. */
  readonly damaged: 'refuse' | 'skip'
}

type Line = Extract<JournalLine, { readonly kind: 'entry' }>

/** Throws `BackupRefused` (`journal_damaged`, `journal_unreadable`, `journal_other_installation`). */
export async function* journalEntries(
  path: string,
  reading: JournalReading,
  onPassedOver: () => void = () => undefined,
): AsyncGenerator<{ readonly entry: JournalEntry; readonly at: Date }> {
  let [isOurs, hasOurs] = [true, false]
  let other: string | undefined
  for await (const { entry, at } of wholeLines(path, reading, onPassedOver)) {
    if (entry.kind === 'installation') {
      isOurs = entry.id === reading.installation
      if (!isOurs) other = entry.id
    }
    if (!isOurs) continue
    hasOurs = true
    yield { entry, at }
  }
  if (other === undefined || hasOurs) return
  throw new BackupRefused('journal_other_installation', { path, found: other, backup: reading.installation })
}

async function* wholeLines(path: string, { damaged }: JournalReading, onPassedOver: () => void): AsyncGenerator<Line> {
  let torn: number | undefined
  const passOver = (line: number) => {
    if (damaged === 'refuse') throw new BackupRefused('journal_damaged', { path, line })
    onPassedOver()
  }
  try {
    for await (const line of readJournal(path)) {
      if (line.kind === 'damaged') {
        if (torn !== undefined) passOver(torn)
        torn = line.line
        continue
      }
      // A process that finds a torn line says so in the one that it writes behind it.
      if (torn !== undefined && line.follows !== 'torn') passOver(torn)
      torn = undefined
      yield line
    }
  } catch (cause) {
    if (cause instanceof BackupRefused) throw cause
    throw new BackupRefused('journal_unreadable', { path, reason: systemCodeOf(cause) }, { cause })
  }
}
