// Changes, journal entries and audit events of many rows that one statement has ended already.
import { type Ending, tellOfRevocation } from './end-identity.ts'
import { tellOfFinish } from './end-job.ts'
import type { EndedProject } from './ending-store.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export async function tellOfEnded(
  tx: UnitOfWork,
  { jobs, certificates, tokens }: Pick<EndedProject, 'jobs' | 'certificates' | 'tokens'>,
  by: Pick<Ending, 'at' | 'actor' | 'origin'>,
): Promise<void> {
  for (const job of jobs) await tellOfFinish(tx, job, by)
  for (const certificate of certificates) await tellOfRevocation(tx, certificate, by)
  for (const { jti, expiresAt } of tokens) {
    await tx.change({ kind: 'token-revocation', jti, expiresAt: expiresAt.getTime() })
  }
}
