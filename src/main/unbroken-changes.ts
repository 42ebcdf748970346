// The newest part of the change log in which no number is missing. Where one is (older changes are forgotten, and a database that
// was mended by hand may lack some), nobody can tell what happened there, and nothing before it counts as known.
import type { NumberedChange } from '../domain/change.ts'
import type { Storage } from '../storage/storage.ts'

export interface UnbrokenChanges {
  /** Every change after this number is among them. */
  readonly since: number
  readonly changes: readonly NumberedChange[]
}

const CHANGES_AT_ONCE = 1000

/** Of the changes after `since`, up to `seq`. */
export async function readUnbrokenChanges(
  storage: Pick<Storage, 'changesAfter'>,
  since: number,
  seq: number,
): Promise<UnbrokenChanges> {
  let found = { since, changes: [] as NumberedChange[] }
  for (let at = since; at < seq; at = found.changes.at(-1)?.seq ?? seq) {
    const some = (await storage.changesAfter(at, CHANGES_AT_ONCE)).filter((change) => change.seq <= seq)
    if (some.length === 0) return { since: seq, changes: [] }
    for (const change of some) {
      const last = found.changes.at(-1)?.seq ?? found.since
      if (change.seq !== last + 1) found = { since: change.seq - 1, changes: [] }
      found.changes.push(change)
    }
  }
  return found
}
