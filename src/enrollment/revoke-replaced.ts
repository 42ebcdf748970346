// Revokes certificates whose overlap is over (CP §4.7). Any process may do it at any time: a row that another has revoked
// meanwhile is not found any more once its lock is had.
import { addSeconds } from '../domain/clock.ts'
import type { ActContext } from './act-context.ts'
import { endWhatHangsOn, recordRevocation } from './end-identity.ts'
import { revokeRecord } from '../revocation/revocation.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Certificates in one transaction: acts wait meanwhile. */
const REVOKED_AT_ONCE = 200

/** Other processes replace certificates too, and clocks are set: nothing is slept through for longer. */
const LOOK_AGAIN_SECONDS = 1

/** What the looking needs beside the acts: a read that no act waits for. */
export interface Agenda {
  readonly nextRevokeAt: () => Promise<Date | undefined>
}

/** Revokes what is due, and gives the instant at which to look again. */
export async function revokeReplaced(context: ActContext, agenda: Agenda): Promise<Date> {
  for (;;) {
    const now = context.clock.now()
    const latest = addSeconds(now, LOOK_AGAIN_SECONDS)
    const next = await agenda.nextRevokeAt()
    if (next === undefined || next > now) return next !== undefined && next < latest ? next : latest
    await context.acts.run((tx) => revokeSome(tx, now))
  }
}

async function revokeSome(tx: UnitOfWork, at: Date): Promise<void> {
  const by = { at, actor: 'system', origin: { requestId: '' } }
  for (const record of await tx.replacedUntil(at, REVOKED_AT_ONCE)) {
    const outcome = revokeRecord(record, 'superseded', at)
    if (outcome.kind === 'unchanged') continue
    await recordRevocation(tx, outcome.record, by)
    await endWhatHangsOn(tx, outcome.record, by)
  }
}
