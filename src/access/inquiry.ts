// One question on its way through the table, with what the steps read from it once an earlier step has passed.
import type { DecisionTime, Question } from './decision.ts'
import type { VerifiedCertificate } from './facts.ts'
import type { ResolvedRoute } from './route.ts'
import type { DeploymentView, Snapshot } from './snapshot.ts'

export interface Inquiry {
  readonly snapshot: Snapshot
  readonly question: Question
  readonly route: ResolvedRoute
  readonly at: DecisionTime
}

/** The certificate of a question that has passed 7c. Out of order it throws, which refuses. */
export function verified({ question }: Inquiry): VerifiedCertificate {
  const { certificate } = question.credentials
  if (certificate === 'absent' || certificate.kind !== 'verified') throw new Error('read before step 7c has passed')
  return certificate
}

/** The deployment of a question whose route has passed step 2. Out of order it throws, which refuses. */
export function routed({ route }: Inquiry): DeploymentView {
  if (route.kind !== 'found') throw new Error('read before step 2 has passed')
  return route.deployment
}
