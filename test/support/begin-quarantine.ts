// Puts a running installation into quarantine, as only a restore does, while nothing runs.
import { encodeQuarantine } from '../../src/domain/quarantine.ts'
import type { UnitOfWork } from '../../src/enrollment/unit-of-work.ts'

export async function beginQuarantine(tx: UnitOfWork, since: Date): Promise<void> {
  await tx.setMetadata('quarantine', encodeQuarantine({ kind: 'quarantined', since }))
  await tx.change({ kind: 'quarantine', status: 'on', since: since.getTime() })
}
