// Acts after a backup that a restore cannot repeat, since the journal says of them only that they were: named for the operator.
import type { AuditAct } from '../domain/audit-event.ts'
import { fullScope } from '../domain/crl-scope.ts'
import type { QuietUnit } from '../enrollment/replay-journal.ts'
import type { JournalledAct } from '../storage/backup/survey-journal.ts'

const LOST: Readonly<Partial<Record<AuditAct, string>>> = {
  'user.quota': 'how many projects they may have was set: it is as in the backup',
  'project.settings': 'whether the keys of its members are kept was set: it is as in the backup',
  'service.rotate': 'its rotation was asked for or set: it is as in the backup',
  'master-key.rotate': 'the master key was rotated: the keys are under the one of the backup again, rotate it anew',
}

/** One sentence for each thing, in the order in which they were first done. */
export function reviewOf(acts: readonly JournalledAct[]): readonly string[] {
  const sentences = acts.flatMap(({ act, object }) => {
    const lost = LOST[act]
    return lost === undefined ? [] : [`${object.replace(':', ' ')}: ${lost}`]
  })
  return [...new Set(sentences)]
}

/** CRLs of the root that their readers have and we do not: without the root nobody can make the next. */
export async function reviewOfRootCrls(tx: Pick<QuietUnit, 'issuers' | 'latestCrl'>): Promise<readonly string[]> {
  const sentences: string[] = []
  for (const { id, sealedKey } of await tx.issuers()) {
    const crl = sealedKey === undefined ? await tx.latestCrl(fullScope(id)) : undefined
    if (crl?.content.kind !== 'gone') continue
    sentences.push(`CRL ${String(crl.number)} of ${id} is lost: sign the next one, signet ceremony crl`)
  }
  return sentences
}
