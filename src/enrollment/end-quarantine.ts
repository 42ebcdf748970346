// Begins and ends the quarantine of an installation that was restored without its journal (SECURITY.md rule 32). What it means
// stands in domain/quarantine.ts; what has to be confirmed before it ends, in confirm-restore.ts.
import { NO_QUARANTINE, type Quarantine } from '../domain/quarantine.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** As the metadata of the installation keeps it. */
export function parseQuarantine(text: string | undefined): Quarantine {
  return text === undefined || text === '' ? NO_QUARANTINE : { kind: 'quarantined', since: new Date(Number(text)) }
}

export async function beginQuarantine(tx: UnitOfWork, at: Date): Promise<void> {
  await tx.setMetadata('quarantine', String(at.getTime()))
  await tx.change({ kind: 'quarantine', status: 'on', since: at.getTime() })
}

export async function endQuarantine(tx: UnitOfWork, at: Date): Promise<void> {
  await tx.setMetadata('quarantine', '')
  await tx.change({ kind: 'quarantine', status: 'off', since: at.getTime() })
}
