// Ends the quarantine of an installation that was restored without its journal (SECURITY.md rule 32). What it means stands in
// domain/quarantine.ts; what has to be confirmed before it ends, in confirm-restore.ts.
import { encodeQuarantine, NO_QUARANTINE } from '../domain/quarantine.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export async function endQuarantine(tx: UnitOfWork, at: Date): Promise<void> {
  await tx.setMetadata('quarantine', encodeQuarantine(NO_QUARANTINE))
  await tx.change({ kind: 'quarantine', status: 'off', since: at.getTime() })
}
